import type { Logger } from '../../base/log.js';
import type { Random } from '../../base/random.js';
import { defaultRuntime, type Runtime } from '../../base/runtime.js';
import type { TimerWheel } from '../../base/timer-wheel.js';
import type { HealthCheckConfig } from '../../config/health-check-config.js';
import { HealthCheckStats } from '../../telemetry/stats/health-check-stats.js';
import type { Cluster, MemberObserver } from '../cluster.js';
import type { Host } from '../host.js';
import { type CheckPacer, checkPacer } from './check-pacer.js';
import type { HealthCheckProtocol } from './health-check-protocol.js';
import { type HealthCheckOwner, HealthCheckSession } from './health-check-session.js';
import { HttpHealthCheck } from './http-health-check.js';
import { RedisHealthCheck } from './redis-health-check.js';
import { TcpHealthCheck } from './tcp-health-check.js';

/** What a health checker needs from the sidecar. */
export interface HealthCheckerContext {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly log: Logger;
  /** Default: one without values. */
  readonly runtime?: Runtime;
  /** Default: one for all clusters of all sidecars, which share the event loop. */
  readonly pacer?: CheckPacer;
}

/** The wait between checks of a cluster that nobody has sent anything to: reference 4.5.2. */
const noTrafficIntervalMs = 60_000;

/**
 * Asks the hosts of one cluster again and again how they are, as long as they are its members, and
 * flags those that fail: reference 4.5.
 */
export class HealthChecker implements HealthCheckOwner, MemberObserver {
  readonly config: HealthCheckConfig;
  readonly protocol: HealthCheckProtocol;
  /** Counts on where the checker of a cluster of the same name has stopped. */
  readonly stats: HealthCheckStats;
  readonly wheel: TimerWheel;
  readonly pacer: CheckPacer;
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #runtime: Runtime;
  readonly #log: Logger;
  readonly #sessions = new Map<Host, HealthCheckSession>();
  #healthyHosts = 0;
  /** Whether a connection for requests has ever been opened; stays so when counters are reset. */
  #hasTraffic = false;
  /** Who waits for the first result of which hosts. */
  #firstRound:
    | { readonly waiting: Set<HealthCheckSession>; readonly onChecked: () => void }
    | undefined = undefined;
  #isClosed = false;

  /** To be created before the cluster has its hosts: checks begin with a host's membership. */
  constructor(cluster: Cluster, config: HealthCheckConfig, context: HealthCheckerContext) {
    const { wheel, random, log, runtime = defaultRuntime, pacer = checkPacer } = context;
    this.config = config;
    this.wheel = wheel;
    this.pacer = pacer;
    this.stats = cluster.stats.healthChecks ?? new HealthCheckStats();
    this.#cluster = cluster;
    this.#random = random;
    this.#runtime = runtime;
    this.#log = log;
    const httpContext = { clusterName: cluster.name, stats: this.stats, runtime, random };
    this.protocol =
      config.type === 'http'
        ? new HttpHealthCheck(config, httpContext)
        : config.type === 'tcp'
          ? new TcpHealthCheck(config)
          : new RedisHealthCheck(config);
    cluster.addMemberObserver(this);
  }

  /**
   * Calls back once, when each host that is a member now has had a first result or is a member no
   * more; at once if that is so already. Never after `close`.
   */
  whenChecked(onChecked: () => void): void {
    const sessions = [...this.#sessions.values()].filter((session) => !session.hasResult);
    if (sessions.length === 0) {
      onChecked();
    } else {
      this.#firstRound = { waiting: new Set(sessions), onChecked };
    }
  }

  /** Writes the gauge, which was that of another cluster until this one took its place. */
  showGauges(): void {
    this.stats.healthy = this.#healthyHosts;
  }

  /** Ends all checks at once. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#firstRound = undefined;
    for (const session of this.#sessions.values()) {
      session.close();
    }
    this.#sessions.clear();
  }

  onMembersChanged(added: readonly Host[], removed: readonly Host[]): void {
    if (this.#isClosed) {
      return;
    }
    for (const host of removed) {
      const session = this.#sessions.get(host);
      if (session !== undefined) {
        this.#sessions.delete(host);
        session.close();
        this.onFirstResult(session);
      }
    }
    for (const host of added) {
      const session = new HealthCheckSession(host, this);
      this.#sessions.set(host, session);
      session.start();
    }
  }

  nextWaitMs(): number {
    const { intervalMs, intervalJitterMs } = this.config;
    this.#hasTraffic ||= this.#cluster.stats.upstreamCxTotal > 0;
    const baseMs = this.#hasTraffic ? intervalMs : noTrafficIntervalMs;
    const jitterMs = intervalJitterMs > 0 ? this.#random.uint32() % intervalJitterMs : 0;
    const minMs = this.#runtime.integer('health_check.min_interval', 1);
    const maxMs = this.#runtime.integer('health_check.max_interval', Number.MAX_SAFE_INTEGER);
    return Math.max(Math.min(baseMs + jitterMs, maxMs), minMs);
  }

  onFirstResult(session: HealthCheckSession): void {
    const round = this.#firstRound;
    if (round?.waiting.delete(session) && round.waiting.size === 0) {
      this.#firstRound = undefined;
      round.onChecked();
    }
  }

  countHealthy(change: 1 | -1): void {
    this.#healthyHosts += change;
    if (this.#cluster.isInForce) {
      this.showGauges();
    }
  }

  log(level: 'info' | 'warn', message: string): void {
    this.#log[level](`cluster ${this.#cluster.name}: ${message}`);
  }
}
