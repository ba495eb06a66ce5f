import { type Deadline, type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { HealthCheckConfig } from '../../config/health-check-config.js';
import type { HealthCheckStats } from '../../telemetry/stats/health-check-stats.js';
import { type HealthMonitor, type Host, healthFlag } from '../host.js';
import { CheckConnection, type CheckObserver } from './check-connection.js';
import type { CheckPacer, Paced } from './check-pacer.js';
import type { HealthCheckProtocol, HealthVerdict } from './health-check-protocol.js';

/** What all sessions of a cluster share. */
export interface HealthCheckOwner {
  readonly config: HealthCheckConfig;
  readonly protocol: HealthCheckProtocol;
  readonly stats: HealthCheckStats;
  readonly wheel: TimerWheel;
  readonly pacer: CheckPacer;
  /** Returns the wait from a result to the next check. */
  nextWaitMs(): number;
  /** One more host, or one less, is a member that has not failed. */
  countHealthy(change: 1 | -1): void;
  /** A session has had its first result. */
  onFirstResult(session: HealthCheckSession): void;
  /** Something has changed that an operator may want to know. */
  log(level: 'info' | 'warn', message: string): void;
}

/**
 * The checks of one host, from the moment it has become a member: reference 4.5.1.
 *
 * Only a host whose flag is set needs successes, and only one whose flag is not set can fail. The
 * first result ever is special: if it is a success, it is enough.
 */
export class HealthCheckSession implements HealthMonitor, CheckObserver, Deadline, Paced {
  readonly #host: Host;
  readonly #owner: HealthCheckOwner;
  readonly #connection: CheckConnection;
  /** Runs until the next check, or until the check under way has taken too long. */
  readonly #timer: WheelTimer;
  #isChecking = false;
  #isClosed = false;
  /** Set while the time is up and what has arrived in it is still read. */
  #lastChance: NodeJS.Immediate | undefined = undefined;
  #hasResult = false;
  #healthyCount = 0;
  #unhealthyCount = 0;

  constructor(host: Host, owner: HealthCheckOwner) {
    this.#host = host;
    this.#owner = owner;
    const { protocol, config } = owner;
    this.#connection = new CheckConnection(host, protocol, config.reuseConnection, this);
    this.#timer = new WheelTimer(this);
  }

  /** Whether a check has had a result. */
  get hasResult(): boolean {
    return this.#hasResult;
  }

  /** Begins with the first check. */
  start(): void {
    this.#host.healthMonitor = this;
    if (!this.#isFailed()) {
      this.#owner.countHealthy(1);
    }
    this.#owner.pacer.add(this);
  }

  /** Begins a check. */
  begin(): void {
    if (this.#isClosed) {
      return;
    }
    const { stats, wheel, config } = this.#owner;
    stats.attempt++;
    this.#isChecking = true;
    wheel.start(this.#timer, config.timeoutMs);
    this.#connection.ask();
  }

  /** Ends the checks of a host that is no member any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer.stop();
    clearImmediate(this.#lastChance);
    this.#connection.close();
    this.#host.healthMonitor = undefined;
    if (!this.#isFailed()) {
      this.#owner.countHealthy(-1);
    }
  }

  /** The check under way, or the wait for the next one, goes on. */
  failNow(): void {
    const { stats } = this.#owner;
    stats.passiveFailure++;
    this.#onFailure(true, 'it has said so in a response');
    this.#noteResult();
  }

  onVerdict(verdict: HealthVerdict): void {
    if (verdict.kind === 'success') {
      this.#onSuccess();
    } else {
      if (verdict.kind === 'network') {
        this.#owner.stats.networkFailure++;
      }
      this.#onFailure(verdict.kind === 'active', verdict.reason);
    }
    this.#isChecking = false;
    clearImmediate(this.#lastChance);
    this.#owner.wheel.startRoughly(this.#timer, this.#owner.nextWaitMs());
    this.#noteResult();
  }

  onDeadline(): void {
    if (this.#isChecking) {
      // The application may have held up the event loop for longer than that. What the host has
      // answered meanwhile is read before this.
      this.#lastChance = setImmediate(() => this.#onTimeout());
    } else {
      this.#owner.pacer.add(this);
    }
  }

  #isFailed(): boolean {
    return this.#host.hasHealthFlag(healthFlag.failedActiveHc);
  }

  #onTimeout(): void {
    this.#connection.close();
    const { timeoutMs } = this.#owner.config;
    this.onVerdict({ kind: 'network', reason: `no answer within ${timeoutMs} ms` });
  }

  #onSuccess(): void {
    const { stats, config } = this.#owner;
    stats.success++;
    this.#unhealthyCount = 0;
    if (!this.#isFailed()) {
      return;
    }
    if (!this.#hasResult) {
      this.#setFailed(false);
    } else if (++this.#healthyCount === config.healthyThreshold) {
      this.#setFailed(false);
      this.#owner.log('info', `${this.#host.address} passes its health checks again`);
    }
  }

  /** `isFinal`: one such failure is enough, whatever the threshold. */
  #onFailure(isFinal: boolean, reason: string): void {
    const { stats, config } = this.#owner;
    stats.failure++;
    this.#healthyCount = 0;
    if (this.#isFailed()) {
      if (!this.#hasResult) {
        this.#owner.log('warn', `${this.#host.address} fails its first health check: ${reason}`);
      }
    } else if (isFinal || ++this.#unhealthyCount === config.unhealthyThreshold) {
      this.#setFailed(true);
      this.#owner.log('warn', `${this.#host.address} fails its health checks: ${reason}`);
    }
  }

  #setFailed(isFailed: boolean): void {
    this.#owner.countHealthy(isFailed ? -1 : 1);
    this.#host.setHealthFlag(healthFlag.failedActiveHc, isFailed);
  }

  #noteResult(): void {
    if (!this.#hasResult) {
      this.#hasResult = true;
      this.#owner.onFirstResult(this);
    }
  }
}
