import { formatHostPort, type TcpAddress } from '../../config/address.js';
import { parseSdsResponse, type SdsHostConfig } from '../../config/sds-response.js';
import type { Cluster } from '../cluster.js';
import { Host } from '../host.js';
import type { Discovery } from './discovery.js';
import { RestPoll, type RestPollContext } from './rest-poll.js';

/** Asks the discovery service for the hosts of one cluster: reference 4.9 and 4.10. */
export class SdsDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #poll: RestPoll;

  constructor(cluster: Cluster, serviceName: string, context: RestPollContext) {
    this.#cluster = cluster;
    const subject = {
      path: `/v1/registration/${serviceName}`,
      name: `cluster ${cluster.name}`,
      noun: 'hosts',
      stats: cluster.stats,
      take: (value: unknown): string | undefined => this.#take(value),
    };
    this.#poll = new RestPoll(subject, context);
  }

  start(onInitialized: () => void): void {
    this.#poll.start(onInitialized);
  }

  close(): void {
    this.#poll.close();
  }

  #take(value: unknown): string | undefined {
    const parsed = parseSdsResponse(value);
    if ('problem' in parsed) {
      return parsed.problem;
    }
    this.#updateHosts(parsed.hosts);
    return undefined;
  }

  /** Matches by address; of a known host only the weight is updated: reference 4.10. */
  #updateHosts(found: readonly SdsHostConfig[]): void {
    const cluster = this.#cluster;
    const known = new Map(cluster.hostSet.hosts.map((host) => [host.address, host]));
    const hosts = found.map((entry) => {
      const target: TcpAddress = { kind: 'tcp', host: entry.address, port: entry.port };
      const host = known.get(formatHostPort(target));
      if (host === undefined) {
        const metadata = { zone: entry.zone, isCanary: entry.canary, weight: entry.weight };
        return new Host(cluster.hostContext, target, metadata);
      }
      host.weight = entry.weight;
      return host;
    });
    cluster.updateHosts(hosts);
  }
}
