import { createHash } from 'node:crypto';
import { ConfigError, describeProblem } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { type AnswerContext, parseRdsAnswer } from '../config/discovery-answers.js';
import type { RouteTableConfig } from '../config/route-table-config.js';
import type { RoutedRequest } from '../http/filter.js';
import type { DiscoveryStats } from '../telemetry/stats/discovery-stats.js';
import type { StatsLease } from '../telemetry/stats/stats-lease.js';
import type { Discovery } from '../upstream/discovery/discovery.js';
import { RestPoll, type RestPollContext } from '../upstream/discovery/rest-poll.js';
import type { RouteMatch, RouteTable, RoutingResult } from './route-table.js';

/** What discovered routes are made with. */
export interface RouteDiscoveryContext {
  readonly poll: RestPollContext;
  readonly log: Logger;
  readonly stats: DiscoveryStats;
  readonly routeConfigName: string;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly unsupported: 'error' | 'warn';
  /** Whether more clusters may be discovered now. */
  hasCds(): boolean;
  /** The clusters that there are now. */
  clusterNames(): Iterable<string>;
  /** For the statistics of one table. */
  createLease(): StatsLease;
  createTable(config: RouteTableConfig, lease: StatsLease): RouteTable;
}

/** A route table that a discovery service has told, as it told it. */
export interface RouteTableDump {
  readonly routeConfigName: string;
  readonly clusterName: string;
  readonly version: number;
  /** JSON. */
  readonly answer: Buffer;
}

/**
 * The routes that a discovery service tells: reference 2.2 and 4.9. A new table takes the place of
 * the old one at once and as a whole; requests under way keep the route that they began with. Until
 * the first answer there are no routes.
 */
export class DiscoveredRoutes implements RouteMatch, Discovery {
  readonly #context: RouteDiscoveryContext;
  readonly #poll: RestPoll;
  #table: RouteTable;
  #tableLease: StatsLease;
  #digest = '';
  /** The answer that is in force; `undefined` until the first. */
  #answer: Buffer | undefined = undefined;

  /** `empty` is the table until the first answer. */
  constructor(empty: RouteTableConfig, context: RouteDiscoveryContext) {
    this.#context = context;
    this.#tableLease = context.createLease();
    this.#table = context.createTable(empty, this.#tableLease);
    const { routeConfigName, serviceCluster, serviceNode, stats } = context;
    const subject = {
      path: `/v1/routes/${routeConfigName}/${serviceCluster}/${serviceNode}`,
      name: `route table ${routeConfigName}`,
      noun: 'routes',
      stats,
      take: (value: unknown, body: Buffer): string | undefined => this.#take(value, body),
    };
    this.#poll = new RestPoll(subject, context.poll);
  }

  get config(): RouteTableConfig {
    return this.#table.config;
  }

  get table(): RouteMatch {
    return this.#table;
  }

  match(request: RoutedRequest): RoutingResult | undefined {
    return this.#table.match(request);
  }

  claims(authority: string): boolean {
    return this.#table.claims(authority);
  }

  start(onInitialized: () => void): void {
    this.#poll.start(onInitialized);
  }

  close(): void {
    this.#poll.close();
  }

  /**
   * Takes over the routes of the one in whose place it is, if the service has not told its own yet and
   * both ask for the same: one question that failed must not take away routes that there were.
   */
  inherit(previous: DiscoveredRoutes): void {
    const { routeConfigName, poll } = this.#context;
    const dump = previous.dump;
    if (
      this.#answer === undefined &&
      dump?.routeConfigName === routeConfigName &&
      dump.clusterName === poll.clusterName
    ) {
      // What the service says may be refused by the new configuration; then there are no routes.
      this.#take(JSON.parse(dump.answer.toString('utf8')), dump.answer);
    }
  }

  /** Gives back the statistics of the table. For when no request can take its routes any more. */
  release(): void {
    this.#tableLease.release();
  }

  /** What the admin server shows; `undefined` until the first answer. */
  get dump(): RouteTableDump | undefined {
    const { routeConfigName, poll, stats } = this.#context;
    return (
      this.#answer && {
        routeConfigName,
        clusterName: poll.clusterName,
        version: stats.version,
        answer: this.#answer,
      }
    );
  }

  /** Puts an answer into force, unless it is the one that is. Returns what is wrong with it. */
  #take(value: unknown, body: Buffer): string | undefined {
    const { stats, log, routeConfigName } = this.#context;
    const hash = createHash('sha256').update(body).digest();
    const digest = hash.toString('latin1');
    if (digest === this.#digest) {
      return undefined;
    }
    const lease = this.#context.createLease();
    let table: RouteTable;
    try {
      const { config, warnings } = parseRdsAnswer(value, this.#answerContext());
      for (const warning of warnings) {
        log.warn(`route table ${routeConfigName}: ${describeProblem(warning)}`);
      }
      table = this.#context.createTable(config, lease);
    } catch (error) {
      lease.release();
      if (error instanceof ConfigError) {
        return error.message;
      }
      throw error;
    }
    this.#table = table;
    this.#tableLease.release();
    this.#tableLease = lease;
    this.#digest = digest;
    this.#answer = body;
    stats.configReload++;
    // Exact as a number; the service may show the same.
    stats.version = hash.readUIntBE(0, 6);
    return undefined;
  }

  #answerContext(): AnswerContext {
    const { poll, unsupported } = this.#context;
    return {
      source: `the answer of the cluster ${poll.clusterName}`,
      unsupported,
      clusterNames: this.#context.clusterNames(),
      hasCds: this.#context.hasCds(),
    };
  }
}
