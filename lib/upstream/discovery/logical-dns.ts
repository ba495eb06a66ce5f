import type { Address, TcpAddress } from '../../config/address.js';
import type { DiscoveryConfig } from '../../config/cluster-config.js';
import type { Cluster } from '../cluster.js';
import { Host } from '../host.js';
import type { Discovery } from './discovery.js';
import { type DnsAnswer, type DnsContext, DnsRefresh } from './dns-refresh.js';

export type { DnsContext } from './dns-refresh.js';

/**
 * One logical host behind a name: reference 4.1. New connections go to the first address of the
 * latest answer that had any; existing ones stay. A failed look-up keeps the last address.
 */
export class LogicalDnsDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #configured: TcpAddress;
  readonly #resolveConnectTo: (address: TcpAddress) => Address;
  readonly #refresh: DnsRefresh;
  #host: Host | undefined = undefined;

  constructor(
    cluster: Cluster,
    config: Extract<DiscoveryConfig, { type: 'logical_dns' }>,
    context: DnsContext,
  ) {
    this.#cluster = cluster;
    this.#configured = config.host;
    this.#resolveConnectTo = context.resolveConnectTo;
    const take = (answer: DnsAnswer): string | undefined => this.#take(answer);
    this.#refresh = new DnsRefresh({ cluster, name: config.host.host, config, take }, context);
  }

  start(onInitialized: () => void): void {
    const configured = this.#configured;
    const target = this.#resolveConnectTo(configured);
    if (target !== configured) {
      // Reached elsewhere by the operator's word: the name need not even exist.
      this.#moveTo(target, configured.host);
      onInitialized();
    } else {
      this.#refresh.start(onInitialized);
    }
  }

  close(): void {
    this.#refresh.close();
  }

  #take({ hosts }: DnsAnswer): string | undefined {
    const [first] = hosts;
    if (first === undefined) {
      return 'it has no addresses';
    }
    const { address, hostName, port = this.#configured.port } = first;
    this.#moveTo({ kind: 'tcp', host: address, port }, hostName);
    return undefined;
  }

  #moveTo(target: Address, hostName: string): void {
    if (this.#host?.hostName === hostName) {
      this.#host.moveTo(target);
    } else {
      // For a service, whose target may be another one now.
      this.#host = new Host(this.#cluster.hostContext, target, { hostName });
      this.#cluster.updateHosts([this.#host]);
    }
  }
}
