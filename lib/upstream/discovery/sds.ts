import { parseSdsResponse } from '../../config/sds-response.js';
import type { Cluster } from '../cluster.js';
import { applyDiscoveredHosts } from './discovered-hosts.js';
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
    applyDiscoveredHosts(this.#cluster, parsed.hosts);
    return undefined;
  }
}
