import type { Logger } from '../../base/log.js';
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

/** The cluster that a breaker is for. */
export interface BreakerOwner {
  readonly name: string;
  /** Whether its gauges are the ones to show: several clusters of one name may be there at a time. */
  readonly isInForce: boolean;
  /** `breaker` is that of the cluster whose place it takes, if there is one. */
  readonly stats: { readonly breaker?: BreakerStats | undefined };
}

/** What all breakers with the same policy share. */
export interface FailureRateBreakerContext {
  readonly policy: BreakerPolicy;
  readonly windowSettings: ResultWindowSettings;
  readonly wheel: TimerWheel;
  readonly log: Logger;
}

/**
 * Keeps requests away from a cluster of whose results too large a share are failures, for a while,
 * and then finds out by a few of them whether it has recovered.
 *
 * It never touches an attempt that is under way: it is asked before, and told afterwards.
 */
export class FailureRateBreaker implements Deadline, ResultWindowObserver {
  /** Counts on where the breaker of a cluster of the same name has stopped. */
  readonly stats: BreakerStats;
  readonly #owner: BreakerOwner;
  readonly #context: FailureRateBreakerContext;
  /** Until it is half-open; while half-open, until the slots of probes are handed out anew. */
  readonly #timer: WheelTimer = new WheelTimer(this);
  #state: BreakerState = 'closed';
  #window: ResultWindow;
  /** One for all attempts while closed, as it holds nothing. */
  #closedPass: BreakerPass;
  #round: ProbeRound = { active: 0 };
  /** Of all rounds. */
  #activeProbes = 0;

  constructor(owner: BreakerOwner, context: FailureRateBreakerContext) {
    this.stats = owner.stats.breaker ?? new BreakerStats();
    this.#owner = owner;
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
    this.stats.probes++;
    return new ProbePass(this.#window, this.#round, this);
  }

  /** A probe has begun, or is over. */
  onProbe(change: 1 | -1): void {
    this.#activeProbes += change;
    this.#onGaugesChanged();
  }

  onTripped(): void {
    if (this.#state === 'closed') {
      const { log, policy } = this.#context;
      log.warn(
        `cluster ${this.#owner.name}: the breaker has opened, as more than ` +
          `${policy.errorThresholdPercentage} % of its requests fail`,
      );
    }
    this.#setState('open');
    this.stats.opened++;
    this.#startTimer();
  }

  onRecovered(): void {
    this.#timer.stop();
    this.#closedPass = new ClosedPass(this.#window);
    this.#setState('closed');
    this.stats.closed++;
    this.#context.log.info(`cluster ${this.#owner.name}: the breaker has closed again`);
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

  /** Writes the gauges, which were those of another cluster until this one took its place. */
  showGauges(): void {
    this.stats.open = this.#state === 'open' ? 1 : 0;
    this.stats.halfOpen = this.#state === 'half_open' ? 1 : 0;
    this.stats.probesActive = this.#activeProbes;
  }

  /** Ends for good. Idempotent. */
  close(): void {
    this.#timer.stop();
    this.#window.end();
  }

  #setState(state: BreakerState): void {
    this.#state = state;
    this.#onGaugesChanged();
  }

  #onGaugesChanged(): void {
    if (this.#owner.isInForce) {
      this.showGauges();
    }
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

/** Hears of the probes that are under way. */
interface ProbeObserver {
  onProbe(change: 1 | -1): void;
}

class ProbePass implements BreakerPass {
  readonly #window: ResultWindow;
  readonly #round: ProbeRound;
  readonly #observer: ProbeObserver;
  #isHeld = true;

  constructor(window: ResultWindow, round: ProbeRound, observer: ProbeObserver) {
    this.#window = window;
    this.#round = round;
    this.#observer = observer;
    round.active++;
    observer.onProbe(1);
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
      this.#observer.onProbe(-1);
    }
  }
}
