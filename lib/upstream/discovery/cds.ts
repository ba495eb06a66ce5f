import { createHash } from 'node:crypto';
import { ConfigError, describeProblem } from '../../base/errors.js';
import type { ClusterConfig } from '../../config/cluster-config.js';
import { parseCdsAnswer } from '../../config/discovery-answers.js';
import type { DiscoveryStats } from '../../telemetry/stats/discovery-stats.js';
import type { ClusterManagerContext } from '../cluster-manager-context.js';
import { findClusterTlsProblems } from '../tls/cluster-tls-material.js';
import type { Discovery } from './discovery.js';
import { RestPoll, type RestPollContext } from './rest-poll.js';

/** What clusters are discovered with. */
export interface CdsContext {
  readonly poll: RestPollContext;
  readonly stats: DiscoveryStats;
  /** What all clusters have in common. */
  readonly shared: ClusterManagerContext;
  /** Whether clusters of type `sds` have a service to ask now. */
  hasSds(): boolean;
  /** Whether a cluster is there already, of this very definition. */
  isKnown(cluster: ClusterConfig): boolean;
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
    const { stats, shared } = context;
    const { serviceCluster = '', serviceNode = '' } = shared;
    const subject = {
      path: `/v1/clusters/${serviceCluster}/${serviceNode}`,
      name: 'cds',
      noun: 'clusters',
      stats,
      take: this.#take.bind(this),
    };
    this.#poll = new RestPoll(subject, context.poll);
  }

  get #source(): string {
    return `the answer of the cluster ${this.#context.poll.clusterName}`;
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
  #take(value: unknown, body: Buffer): string | undefined | Promise<string | undefined> {
    const hash = createHash('sha256').update(body).digest();
    if (hash.toString('latin1') === this.#digest) {
      return undefined;
    }
    let clusters: readonly ClusterConfig[];
    try {
      clusters = this.#parse(value);
    } catch (error) {
      if (error instanceof ConfigError) {
        return error.message;
      }
      throw error;
    }
    // Not those that stay: whatever has become of their files, they have what they need.
    const secured = clusters.filter(
      (cluster) => cluster.tls !== undefined && !this.#context.isKnown(cluster),
    );
    if (secured.length === 0) {
      this.#accept(clusters, hash);
      return undefined;
    }
    return this.#acceptSecured(clusters, secured, hash);
  }

  #parse(value: unknown): readonly ClusterConfig[] {
    const { shared, hasSds } = this.#context;
    const { config, warnings } = parseCdsAnswer(value, {
      source: this.#source,
      unsupported: shared.unsupported ?? 'error',
      hasSds: hasSds(),
    });
    for (const warning of warnings) {
      shared.log.warn(`cds: ${describeProblem(warning)}`);
    }
    return config;
  }

  /** A cluster whose files cannot be used must not take the place of one that works. */
  async #acceptSecured(
    clusters: readonly ClusterConfig[],
    secured: readonly ClusterConfig[],
    hash: Buffer,
  ): Promise<string | undefined> {
    const { clock, mounts } = this.#context.shared;
    const parts = { clusters: secured, sds: undefined, cds: undefined };
    const problems = await findClusterTlsProblems(parts, clock.wallNow(), mounts);
    if (problems.length > 0) {
      return new ConfigError(problems, this.#source).message;
    }
    if (!this.#isClosed) {
      this.#accept(clusters, hash);
    }
    return undefined;
  }

  #accept(clusters: readonly ClusterConfig[], hash: Buffer): void {
    const { stats } = this.#context;
    this.#digest = hash.toString('latin1');
    stats.configReload++;
    // Exact as a number; the service may show the same.
    stats.version = hash.readUIntBE(0, 6);
    this.#clusters = clusters;
    this.#apply();
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
