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
    // The order of the API differs from list to list; that of the hosts is not to.
    slices.sort((a, b) => (a.name < b.name ? -1 : 1));
    // By the port: where no pod is ready the family stays, but there may be slices of a family
    // that the pods do not have.
    const hosts = hostsOfFamily(slices, 'IPv4', service.port);
    return hosts ?? hostsOfFamily(slices, 'IPv6', service.port) ?? [];
  }
}

/** A namespace has no dot, and neither has a service. */
export function serviceKey(name: { readonly service: string; readonly namespace: string }): string {
  return `${name.service}.${name.namespace}`;
}

/** Returns the hosts of one family; `undefined` if none of its slices has the port. */
function hostsOfFamily(
  slices: readonly EndpointSlice[],
  family: EndpointSlice['family'],
  port: string | undefined,
): Registration[] | undefined {
  const ofFamily = slices.filter((slice) => slice.family === family);
  const portName = port ?? firstPortName(ofFamily);
  const hosts = new Map<string, Registration>();
  let hasPort = false;
  for (const slice of ofFamily) {
    const found = slice.ports.find(({ name }) => name === portName);
    if (found !== undefined) {
      hasPort = true;
      addHosts(hosts, slice, found);
    }
  }
  return hasPort ? [...hosts.values()] : undefined;
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
