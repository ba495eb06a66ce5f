import type { Clock, ClockTimer } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { Address, TcpAddress } from '../../config/address.js';
import type { DiscoveryConfig } from '../../config/cluster-config.js';
import type { Cluster } from '../cluster.js';
import { Host } from '../host.js';
import type { Discovery } from './discovery.js';
import type { DnsResolver } from './dns-resolver.js';

/** What DNS discovery needs from the sidecar. */
export interface DnsContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolver: DnsResolver;
  /** Returns where `host:port` of the configuration is really reached, if it is mapped. */
  readonly resolveConnectTo: (address: TcpAddress) => Address;
}

/**
 * One logical host behind a name: reference 4.1. New connections go to the first address of the
 * latest answer that had any; existing ones stay. A failed look-up keeps the last address.
 */
export class LogicalDnsDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #config: Extract<DiscoveryConfig, { type: 'logical_dns' }>;
  readonly #context: DnsContext;
  #timer: ClockTimer | undefined = undefined;
  #host: Host | undefined = undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(
    cluster: Cluster,
    config: Extract<DiscoveryConfig, { type: 'logical_dns' }>,
    context: DnsContext,
  ) {
    this.#cluster = cluster;
    this.#config = config;
    this.#context = context;
  }

  start(onInitialized: () => void): void {
    const { host } = this.#config;
    const target = this.#context.resolveConnectTo(host);
    if (target !== host) {
      // Reached elsewhere by the operator's word: the name need not even exist.
      this.#moveTo(target);
      onInitialized();
    } else {
      this.#resolve(onInitialized);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #resolve(onInitialized: () => void): void {
    const { host, dnsLookupFamily, dnsRefreshRateMs } = this.#config;
    this.#cluster.stats.updateAttempt++;
    this.#context.resolver.resolve(host.host, dnsLookupFamily, (addresses) => {
      if (this.#isClosed) {
        return;
      }
      this.#onResult(addresses?.[0]);
      onInitialized();
      this.#timer = this.#context.clock.startTimer(dnsRefreshRateMs, () => this.#resolve(() => {}));
    });
  }

  #onResult(address: string | undefined): void {
    const { host } = this.#config;
    const { stats, name } = this.#cluster;
    if (address === undefined) {
      stats.updateFailure++;
      if (!this.#isFailing) {
        this.#isFailing = true;
        this.#context.log.warn(`cluster ${name}: ${host.host} cannot be resolved`);
      }
      return;
    }
    stats.updateSuccess++;
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#context.log.info(`cluster ${name}: ${host.host} resolves again`);
    }
    this.#moveTo({ kind: 'tcp', host: address, port: host.port });
  }

  #moveTo(target: Address): void {
    if (this.#host === undefined) {
      const hostName = this.#config.host.host;
      this.#host = new Host(this.#cluster.hostContext, target, { hostName });
      this.#cluster.updateHosts([this.#host]);
    } else {
      this.#host.moveTo(target);
    }
  }
}
