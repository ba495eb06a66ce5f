import type { EventEmitter } from 'node:events';
import { type BreakerPolicy, bucketMs } from './breaker-policy.js';
import type { BreakerRotation } from './breaker-rotation.js';

/**
 * A circuit of opossum, as far as it is used. The types of opossum are a package of their own, which
 * would be asked of everybody who compiles against our declarations.
 */
export interface Circuit {
  readonly status: { readonly window: readonly { latencyTimes: number[] }[] };
  /** Rejects if the result is a failure. */
  fire(isFailure: boolean): Promise<void>;
  shutdown(): void;
  on(event: 'success' | 'failure' | 'open' | 'close', listener: () => void): unknown;
}

/** What a circuit is made with. The types of opossum leave `state` out, which is documented. */
export interface CircuitOptions extends Omit<BreakerPolicy, 'halfOpenProbes'> {
  readonly name: string;
  readonly timeout: false;
  readonly rollingPercentilesEnabled: boolean;
  readonly enableSnapshots: boolean;
  readonly state?: typeof halfOpenState;
  rotateBucketController?: EventEmitter;
}

/** The class that opossum exports. */
export type BreakerLibrary = new (
  action: (isFailure: boolean) => Promise<void>,
  options: CircuitOptions,
) => Circuit;

/** As opossum writes the state of a circuit, to be taken up by another one. */
const halfOpenState = {
  name: 'breaker',
  enabled: true,
  closed: false,
  open: false,
  halfOpen: true,
  warmUp: false,
  shutdown: false,
};

/** Stands for every failure: nobody looks at it, so no stack is taken for each. */
const attemptFailed = new Error('the attempt has failed');
const succeeded = Promise.resolve();

/** Gives opossum a result that is known already. A throw is taken at once, in the same turn. */
function replay(isFailure: boolean): Promise<void> {
  if (isFailure) {
    throw attemptFailed;
  }
  return succeeded;
}

const ignore = (): void => {};

/** What the windows of all breakers share. */
export interface ResultWindowContext {
  readonly library: BreakerLibrary;
  readonly rotation: BreakerRotation;
}

/** What the windows of all breakers with the same policy share. */
export class ResultWindowSettings {
  readonly #context: ResultWindowContext;
  readonly #bucketMs: number;
  /** Shared, as opossum fills them up: with objects of their own a breaker is a tenth larger. */
  readonly #closedOptions: CircuitOptions;
  readonly #halfOpenOptions: CircuitOptions;

  constructor(context: ResultWindowContext, policy: BreakerPolicy) {
    this.#context = context;
    this.#bucketMs = bucketMs(policy);
    this.#closedOptions = {
      name: 'breaker',
      timeout: false,
      errorThresholdPercentage: policy.errorThresholdPercentage,
      volumeThreshold: policy.volumeThreshold,
      resetTimeout: policy.resetTimeout,
      rollingCountTimeout: policy.rollingCountTimeout,
      rollingCountBuckets: policy.rollingCountBuckets,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    };
    this.#halfOpenOptions = { ...this.#closedOptions, state: halfOpenState };
  }

  /** Makes a circuit, half-open or closed. */
  createCircuit(isHalfOpen: boolean): Circuit {
    const { library: Library, rotation } = this.#context;
    const options = isHalfOpen ? this.#halfOpenOptions : this.#closedOptions;
    options.rotateBucketController = rotation.controllerOf(this.#bucketMs);
    return new Library(replay, options);
  }
}

/** Hears what the results of a window amount to. */
export interface ResultWindowObserver {
  /** There are too many failures, or a probe has failed. The window has ended. */
  onTripped(window: ResultWindow): void;
  /** A probe has succeeded. The window goes on. */
  onRecovered(window: ResultWindow): void;
}

/**
 * The results of a breaker from when it begins to let requests through until it opens: counted, and
 * judged, by a circuit of opossum.
 *
 * The circuit is given results, not requests: what is under way, or was given up, is in none of its
 * counts. And it ends when it opens, since its own timer would be one for each breaker, on the real
 * clock, and its next window is to begin without the failures of the one before. It is made with the
 * first result, so that a cluster without requests has none.
 */
export class ResultWindow {
  readonly #settings: ResultWindowSettings;
  readonly #observer: ResultWindowObserver;
  readonly #startsHalfOpen: boolean;
  #circuit: Circuit | undefined = undefined;
  #isEnded = false;

  constructor(
    settings: ResultWindowSettings,
    observer: ResultWindowObserver,
    startsHalfOpen: boolean,
  ) {
    this.#settings = settings;
    this.#observer = observer;
    this.#startsHalfOpen = startsHalfOpen;
  }

  /** Takes a result. Those that come after the end count nowhere. */
  take(isFailure: boolean): void {
    if (!this.#isEnded) {
      this.#circuit ??= this.#createCircuit();
      this.#circuit.fire(isFailure).catch(ignore);
    }
  }

  /** Takes no more results. Idempotent. */
  end(): void {
    this.#isEnded = true;
    // Cancels the timer that opossum has started for an open circuit.
    this.#circuit?.shutdown();
    this.#circuit = undefined;
  }

  #createCircuit(): Circuit {
    const circuit = this.#settings.createCircuit(this.#startsHalfOpen);
    // opossum keeps the time of every request until its bucket goes, even if nobody asks for them.
    const forgetTimes = (): void => {
      const [bucket] = circuit.status.window;
      if (bucket !== undefined) {
        bucket.latencyTimes.length = 0;
      }
    };
    circuit.on('success', forgetTimes);
    circuit.on('failure', forgetTimes);
    circuit.on('open', () => {
      this.end();
      this.#observer.onTripped(this);
    });
    circuit.on('close', () => this.#observer.onRecovered(this));
    return circuit;
  }
}
