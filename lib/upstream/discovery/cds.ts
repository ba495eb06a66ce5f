import { createHash } from 'node:crypto';
import { ConfigError, describeProblem } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { ClusterConfig } from '../../config/cluster-config.js';
import { parseCdsAnswer } from '../../config/discovery-answers.js';
import type { DiscoveryStats } from '../../telemetry/stats/discovery-stats.js';
import type { Discovery } from './discovery.js';
import { RestPoll, type RestPollContext } from './rest-poll.js';

/** What clusters are discovered with. */
export interface CdsContext {
  readonly poll: RestPollContext;
  readonly log: Logger;
  readonly stats: DiscoveryStats;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly unsupported: 'error' | 'warn';
  /** Whether clusters of type `sds` have a service to ask now. */
  hasSds(): boolean;
  /**
   * Takes all clusters that the service knows. `onWarm` is called once, when those that are new have
   * come into force.
   */
  apply(clusters: readonly ClusterConfig[], onWarm: () => void): void;
}

/**
 * Asks a discovery service which clusters there are: reference 4.9. An answer counts as a whole: one
 * cluster that is wrong refuses them all, and those from before stay.
 */
export class CdsDiscovery implements Discovery {
  readonly #context: CdsContext;
  readonly #poll: RestPoll;
  #digest = '';
  /** Called when the clusters of the first answer are in force. */
  #onInitialized: () => void = () => {};
  /** Whether clusters of the last answer have yet to come into force. */
  #isWarming = false;
  /** Those of the last answer that could be used; `undefined` until there is one. */
  #clusters: readonly ClusterConfig[] | undefined = undefined;
  #isPaused = false;
  #isClosed = false;

  constructor(context: CdsContext) {
    this.#context = context;
    const { serviceCluster, serviceNode, stats } = context;
    const subject = {
      path: `/v1/clusters/${serviceCluster}/${serviceNode}`,
      name: 'cds',
      noun: 'clusters',
      stats,
      take: (value: unknown, body: Buffer): string | undefined => this.#take(value, body),
    };
    this.#poll = new RestPoll(subject, context.poll);
  }

  start(onInitialized: () => void): void {
    this.#poll.start(() => {
      if (this.#isWarming) {
        this.#onInitialized = onInitialized;
      } else {
        onInitialized();
      }
    });
  }

  /** Answers are kept, and not applied, until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Applies the last answer, even if it is the one from before: what there is may have changed. */
  resume(): void {
    this.#isPaused = false;
    this.#apply();
  }

  close(): void {
    this.#isClosed = true;
    this.#poll.close();
  }

  /** Puts an answer into force, unless it is the one that is. Returns what is wrong with it. */
  #take(value: unknown, body: Buffer): string | undefined {
    const { stats, log, poll, unsupported } = this.#context;
    const hash = createHash('sha256').update(body).digest();
    const digest = hash.toString('latin1');
    if (digest === this.#digest) {
      return undefined;
    }
    let clusters: readonly ClusterConfig[];
    try {
      const source = `the answer of the cluster ${poll.clusterName}`;
      const { config, warnings } = parseCdsAnswer(value, {
        source,
        unsupported,
        hasSds: this.#context.hasSds(),
      });
      for (const warning of warnings) {
        log.warn(`cds: ${describeProblem(warning)}`);
      }
      clusters = config;
    } catch (error) {
      if (error instanceof ConfigError) {
        return error.message;
      }
      throw error;
    }
    this.#digest = digest;
    stats.configReload++;
    // Exact as a number; the service may show the same.
    stats.version = hash.readUIntBE(0, 6);
    this.#clusters = clusters;
    this.#apply();
    return undefined;
  }

  #apply(): void {
    if (this.#clusters !== undefined && !this.#isPaused && !this.#isClosed) {
      this.#isWarming = true;
      this.#context.apply(this.#clusters, () => this.#onWarm());
    }
  }

  #onWarm(): void {
    this.#isWarming = false;
    const onInitialized = this.#onInitialized;
    this.#onInitialized = () => {};
    onInitialized();
  }
}
