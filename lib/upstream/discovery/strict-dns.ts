import { type Address, formatAddress, type TcpAddress } from '../../config/address.js';
import type { DiscoveryConfig } from '../../config/cluster-config.js';
import type { Cluster } from '../cluster.js';
import { Host } from '../host.js';
import type { Discovery } from './discovery.js';
import { type DnsAnswer, type DnsContext, DnsRefresh } from './dns-refresh.js';
import type { DnsHost } from './dns-resolver.js';

/** A host as the names of the cluster have it now. */
interface FoundHost {
  readonly target: Address;
  readonly hostName: string;
  readonly weight: number;
}

/** One of the names of the cluster, and what it stands for. */
class ResolvedName {
  readonly #configured: TcpAddress;
  #found: readonly DnsHost[] = [];

  constructor(configured: TcpAddress) {
    this.#configured = configured;
  }

  /** Takes an answer. Of what could not be looked up, what was known before stays. */
  take({ hosts, missing }: DnsAnswer): void {
    const kept = this.#found.filter(({ hostName }) => missing?.hostNames.includes(hostName));
    this.#found = [...hosts, ...kept];
  }

  hosts(): FoundHost[] {
    return this.#found.map(({ address, hostName, port = this.#configured.port, weight }) => ({
      target: { kind: 'tcp', host: address, port },
      hostName,
      weight,
    }));
  }
}

/**
 * Every address of every name is a host: reference 4.1. Each name is looked up in its own time; the
 * members are what all of them stand for, each address and port once. What a name does not stand for
 * any more is removed and drains, whatever its health; what it stands for anew is used at once.
 *
 * A look-up that fails keeps what was known of its name. An answer without addresses is none: it
 * removes all that the name stood for.
 */
export class StrictDnsDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #names: ResolvedName[] = [];
  readonly #refreshes: DnsRefresh[] = [];
  /** Hosts that the operator has mapped elsewhere; their names are never looked up. */
  readonly #mapped: FoundHost[] = [];

  constructor(
    cluster: Cluster,
    config: Extract<DiscoveryConfig, { type: 'strict_dns' }>,
    context: DnsContext,
  ) {
    this.#cluster = cluster;
    for (const configured of config.hosts) {
      const target = context.resolveConnectTo(configured);
      if (target !== configured) {
        this.#mapped.push({ target, hostName: configured.host, weight: 1 });
      } else {
        this.#addName(configured, config, context);
      }
    }
  }

  /** The cluster is initialized with the first name that resolves, or when none has. */
  start(onInitialized: () => void): void {
    let waiting = this.#refreshes.length;
    let isInitialized = false;
    const initialize = (): void => {
      if (!isInitialized) {
        isInitialized = true;
        onInitialized();
      }
    };
    if (this.#mapped.length > 0) {
      this.#updateHosts();
      initialize();
    }
    for (const refresh of this.#refreshes) {
      refresh.start(() => {
        waiting--;
        if (!refresh.isFailing || waiting === 0) {
          initialize();
        }
      });
    }
  }

  close(): void {
    for (const refresh of this.#refreshes) {
      refresh.close();
    }
  }

  #addName(
    configured: TcpAddress,
    config: Extract<DiscoveryConfig, { type: 'strict_dns' }>,
    context: DnsContext,
  ): void {
    const name = new ResolvedName(configured);
    const take = (answer: DnsAnswer): undefined => {
      name.take(answer);
      this.#updateHosts();
    };
    this.#names.push(name);
    const subject = { cluster: this.#cluster, name: configured.host, config, take };
    this.#refreshes.push(new DnsRefresh(subject, context));
  }

  /**
   * Returns the hosts by address and port. Of several names for one, that of the member counts while
   * it is among them, else the first.
   */
  #findHosts(): Map<string, FoundHost> {
    const names = new Map<string, string>();
    for (const { target, hostName } of this.#cluster.hostSet.hosts) {
      names.set(target === undefined ? '' : formatAddress(target), hostName);
    }
    const found = new Map<string, FoundHost>();
    for (const host of [...this.#mapped, ...this.#names.flatMap((name) => name.hosts())]) {
      const key = formatAddress(host.target);
      const first = found.get(key);
      const memberName = names.get(key);
      if (first === undefined || (first.hostName !== memberName && host.hostName === memberName)) {
        found.set(key, host);
      }
    }
    return found;
  }

  /** Matches by address and port, so that a host keeps its connections while any name has it. */
  #updateHosts(): void {
    const cluster = this.#cluster;
    const found = this.#findHosts();
    let isSame = true;
    // In their order, as answers come in another one each time, and balancers count on theirs.
    const hosts = cluster.hostSet.hosts.filter((host) => {
      const key = host.target === undefined ? '' : formatAddress(host.target);
      const entry = found.get(key);
      const isKept = entry?.hostName === host.hostName;
      if (isKept) {
        found.delete(key);
        isSame &&= host.weight === entry.weight;
        host.weight = entry.weight;
      }
      return isKept;
    });
    isSame &&= hosts.length === cluster.hostSet.hosts.length && found.size === 0;
    // That there are none is an answer, too.
    isSame &&= cluster.areHostsKnown;
    for (const { target, hostName, weight } of found.values()) {
      hosts.push(new Host(cluster.hostContext, target, { hostName, weight }));
    }
    if (!isSame) {
      cluster.updateHosts(hosts);
    }
  }
}
