import { type Deadline, type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import { BreakerStats } from '../../telemetry/stats/breaker-stats.js';
import type { BreakerPolicy } from './breaker-policy.js';
import {
  ResultWindow,
  type ResultWindowObserver,
  type ResultWindowSettings,
} from './result-window.js';

/** Leave to make one attempt, which has to say what became of it. */
export interface BreakerPass {
  /** There is a result. Of a probe the first one counts. */
  settle(isFailure: boolean): void;
  /**
   * The attempt is over. If it has had no result, since its client has left or it was never sent,
   * it counts nowhere. Idempotent; has to be called in the end, whatever happens.
   */
  release(): void;
}

/** What a breaker lets through: everything, probes, nothing. */
export type BreakerState = 'closed' | 'half_open' | 'open';

/** What all breakers with the same policy share. */
export interface FailureRateBreakerContext {
  readonly policy: BreakerPolicy;
  readonly windowSettings: ResultWindowSettings;
  readonly wheel: TimerWheel;
}

/**
 * Keeps requests away from a cluster of whose results too large a share are failures, for a while,
 * and then finds out by a few of them whether it has recovered.
 *
 * It never touches an attempt that is under way: it is asked before, and told afterwards.
 */
export class FailureRateBreaker implements Deadline, ResultWindowObserver {
  readonly stats: BreakerStats = new BreakerStats();
  readonly #context: FailureRateBreakerContext;
  /** Until it is half-open; while half-open, until the slots of probes are handed out anew. */
  readonly #timer: WheelTimer = new WheelTimer(this);
  #state: BreakerState = 'closed';
  #window: ResultWindow;
  /** One for all attempts while closed, as it holds nothing. */
  #closedPass: BreakerPass;
  #round: ProbeRound = { active: 0 };

  constructor(context: FailureRateBreakerContext) {
    this.#context = context;
    this.#window = new ResultWindow(context.windowSettings, this, false);
    this.#closedPass = new ClosedPass(this.#window);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Asks for one attempt. `undefined`: it is refused. */
  enter(): BreakerPass | undefined {
    if (this.#state === 'closed') {
      return this.#closedPass;
    }
    if (this.#state === 'open' || this.#round.active >= this.#context.policy.halfOpenProbes) {
      this.stats.rejected++;
      return undefined;
    }
    if (this.#timer.queue === undefined) {
      this.#startTimer();
    }
    return new ProbePass(this.#window, this.#round, this.stats);
  }

  onTripped(): void {
    this.#setState('open');
    this.stats.opened++;
    this.#startTimer();
  }

  onRecovered(): void {
    this.#timer.stop();
    this.#closedPass = new ClosedPass(this.#window);
    this.#setState('closed');
    this.stats.closed++;
  }

  onDeadline(): void {
    // Probes that are still under way keep the slots of their own round: one that is never answered
    // must not keep the breaker from ever finding out.
    this.#round = { active: 0 };
    if (this.#state === 'open') {
      this.#window = new ResultWindow(this.#context.windowSettings, this, true);
      this.#setState('half_open');
      this.stats.halfOpened++;
    }
  }

  /** Ends for good. Idempotent. */
  close(): void {
    this.#timer.stop();
    this.#window.end();
  }

  #setState(state: BreakerState): void {
    this.#state = state;
    this.stats.open = state === 'open' ? 1 : 0;
    this.stats.halfOpen = state === 'half_open' ? 1 : 0;
  }

  #startTimer(): void {
    this.#context.wheel.start(this.#timer, this.#context.policy.resetTimeout);
  }
}

/** Slots for probes that were handed out together. */
interface ProbeRound {
  active: number;
}

class ClosedPass implements BreakerPass {
  readonly #window: ResultWindow;

  constructor(window: ResultWindow) {
    this.#window = window;
  }

  settle(isFailure: boolean): void {
    this.#window.take(isFailure);
  }

  release(): void {
    // It holds nothing.
  }
}

class ProbePass implements BreakerPass {
  readonly #window: ResultWindow;
  readonly #round: ProbeRound;
  readonly #stats: BreakerStats;
  #isHeld = true;

  constructor(window: ResultWindow, round: ProbeRound, stats: BreakerStats) {
    this.#window = window;
    this.#round = round;
    this.#stats = stats;
    round.active++;
    stats.probes++;
    stats.probesActive++;
  }

  settle(isFailure: boolean): void {
    if (this.#isHeld) {
      this.release();
      this.#window.take(isFailure);
    }
  }

  release(): void {
    if (this.#isHeld) {
      this.#isHeld = false;
      this.#round.active--;
      this.#stats.probesActive--;
    }
  }
}
