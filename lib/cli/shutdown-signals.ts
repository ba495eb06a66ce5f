import { constants } from 'node:os';
import type { Clock } from '../base/clock.js';

const signals = ['SIGTERM', 'SIGINT'] as const;

/** The two ways in which one asks a command to end. */
export type ShutdownSignal = (typeof signals)[number];

/**
 * How long the same signal counts as the same key press. A terminal sends Ctrl-C to the whole
 * process group, and npm passes it on once more.
 */
const echoMs = 100;

/** The process, as far as signals go. */
export interface SignalSource {
  on(signal: ShutdownSignal, listener: (signal: ShutdownSignal) => void): unknown;
  on(signal: 'SIGUSR2' | 'SIGHUP', listener: () => void): unknown;
  /** Ends the process at once. */
  exit(code: number): void;
}

/**
 * Listens for SIGTERM and SIGINT from its creation to the end of the process. The first one is for
 * the command to act upon; the next one ends the process at once, whatever still runs.
 *
 * Only commands use it. The library itself never touches the signals of its host process.
 */
export class ShutdownSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<ShutdownSignal>;
  readonly #source: SignalSource;
  readonly #clock: Clock;
  #received: { readonly signal: ShutdownSignal; readonly atMs: number } | undefined;

  constructor(source: SignalSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    let resolveFirst: (signal: ShutdownSignal) => void = () => {};
    this.first = new Promise((resolve) => {
      resolveFirst = resolve;
    });
    for (const signal of signals) {
      source.on(signal, (received) => this.#onSignal(received, resolveFirst));
    }
  }

  #onSignal(signal: ShutdownSignal, resolveFirst: (signal: ShutdownSignal) => void): void {
    const now = this.#clock.now();
    const received = this.#received;
    if (received === undefined) {
      this.#received = { signal, atMs: now };
      resolveFirst(signal);
    } else if (received.signal !== signal || now - received.atMs > echoMs) {
      this.#source.exit(signalExitCode(signal));
    }
  }
}

/**
 * The exit code by which shells show that a signal ended a process. It is said outright, for the
 * signal sent to oneself has no effect on the first process of a container.
 */
export function signalExitCode(signal: ShutdownSignal): number {
  return 128 + constants.signals[signal];
}
