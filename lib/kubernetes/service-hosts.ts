import type { ServiceName } from '../sds-server/service-name.js';
import type { Registration } from '../upstream/discovery/registration-source.js';
import type { EndpointSlice, SliceObject, SlicePort } from './endpoint-slice.js';

/** The hosts of all services of a namespace, or of all namespaces, as the slices tell them. */
export class ServiceHosts {
  /** The slices of each service, by their own keys. Services without any are not in it. */
  readonly #services = new Map<string, Map<string, EndpointSlice>>();
  /** The service of each slice. */
  readonly #serviceOf = new Map<string, string>();

  get sliceCount(): number {
    return this.#serviceOf.size;
  }

  /** Forgets everything and takes these. */
  replaceAll(objects: Iterable<SliceObject>): void {
    this.#services.clear();
    this.#serviceOf.clear();
    for (const object of objects) {
      this.put(object);
    }
  }

  /** Takes a slice that is new, or has changed; returns the services that it concerns. */
  put({ key, slice }: SliceObject): string[] {
    const left = this.#serviceOf.get(key);
    const joined = slice && serviceKey(slice);
    if (left !== undefined && left !== joined) {
      this.remove(key);
    }
    if (slice === undefined || joined === undefined) {
      return left === undefined ? [] : [left];
    }
    this.#serviceOf.set(key, joined);
    const slices = this.#services.get(joined);
    if (slices === undefined) {
      this.#services.set(joined, new Map([[key, slice]]));
    } else {
      slices.set(key, slice);
    }
    return left === undefined || left === joined ? [joined] : [left, joined];
  }

  /** Forgets a slice; returns the service that it concerned. */
  remove(key: string): string[] {
    const service = this.#serviceOf.get(key);
    if (service === undefined) {
      return [];
    }
    this.#serviceOf.delete(key);
    const slices = this.#services.get(service);
    slices?.delete(key);
    if (slices?.size === 0) {
      this.#services.delete(service);
    }
    return [service];
  }

  /**
   * Returns the hosts of a service; none if there is no such service. Each pod counts once, also
   * while it moves from one slice to another, or if it has an address of either family.
   */
  hosts(service: ServiceName): Registration[] {
    const slices = [...(this.#services.get(serviceKey(service))?.values() ?? [])];
    const family = slices.some((slice) => slice.family === 'IPv4') ? 'IPv4' : 'IPv6';
    const usable = slices
      .filter((slice) => slice.family === family)
      // The order of the API differs from list to list; that of the hosts is not to.
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const portName = service.port ?? firstPortName(usable);
    const hosts = new Map<string, Registration>();
    for (const slice of usable) {
      const port = slice.ports.find(({ name }) => name === portName);
      if (port !== undefined) {
        addHosts(hosts, slice, port);
      }
    }
    return [...hosts.values()];
  }
}

/** A namespace has no dot, and neither has a service. */
export function serviceKey(name: { readonly service: string; readonly namespace: string }): string {
  return `${name.service}.${name.namespace}`;
}

/**
 * The first port of the service, for all its hosts. Pods that lack a port of the service are in
 * slices that lack it, too, so the slice with the most ports knows best which is the first.
 */
function firstPortName(slices: readonly EndpointSlice[]): string | undefined {
  const [most] = [...slices].sort((a, b) => b.ports.length - a.ports.length);
  return most?.ports[0]?.name;
}

function addHosts(hosts: Map<string, Registration>, slice: EndpointSlice, port: SlicePort): void {
  for (const { address, zone } of slice.endpoints) {
    const key = `${address} ${port.port}`;
    if (!hosts.has(key)) {
      const host = { ip_address: address, port: port.port };
      hosts.set(key, zone === '' ? host : { ...host, tags: { az: zone } });
    }
  }
}
