import type { Clock } from './base/clock.js';
import { describeValue } from './config/describe-value.js';
import { isJsonObject } from './config/json-members.js';
import { checkOptionNames, optionInvalid } from './config/option-check.js';

/** Options of `Sidecar.drain`. */
export interface DrainOptions {
  /**
   * How long to go on serving after health checks have begun to fail, so that whoever sends
   * traffic here can take notice. Milliseconds, default 0.
   */
  readonly delayMs?: number;
  /** How long to wait for requests under way, after the delay. Milliseconds, default 10000. */
  readonly timeoutMs?: number;
}

/** Options of `Sidecar.close`. */
export interface CloseOptions {
  /** How long to wait for requests under way before they are cut. Milliseconds, default 10000. */
  readonly timeoutMs?: number;
}

/** Resolves when `work` does, or when the time is up. */
export function withinTime(work: Promise<void>, clock: Clock, timeoutMs: number): Promise<void> {
  if (timeoutMs === 0) {
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const timer = clock.startTimer(timeoutMs, resolve);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

const defaultTimeoutMs = 10_000;

const known = { drain: ['delayMs', 'timeoutMs'], close: ['timeoutMs'] } as const;

/**
 * Returns the options of `drain` or `close`, with all that is left out. Throws
 * `SIDECAR_OPTION_INVALID` for those that the method does not have, too: who waits for less than was
 * meant cuts requests.
 */
export function readTimes(
  options: DrainOptions,
  method: keyof typeof known,
): Required<DrainOptions> {
  const given: unknown = options;
  if (!isJsonObject(given)) {
    const found = describeValue(given);
    throw optionInvalid(`${method} is given ${found}, expected ${method}({ timeoutMs: 5000 })`);
  }
  checkOptionNames(given, known[method]);
  return {
    delayMs: readDuration('delayMs', options.delayMs, 0),
    timeoutMs: readDuration('timeoutMs', options.timeoutMs, defaultTimeoutMs),
  };
}

function readDuration(name: string, value: unknown, fallback: number): number {
  if (value === undefined) {
    return fallback;
  }
  if (typeof value !== 'number' || !(value >= 0)) {
    throw optionInvalid(`${name} is ${describeValue(value)}, expected milliseconds, 0 or more`);
  }
  return value;
}
