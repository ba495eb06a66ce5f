import type { Clock } from './base/clock.js';
import { SidecarError } from './base/errors.js';
import { describeValue } from './config/describe-value.js';

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

/** Reads a time from the options of `drain` or `close`. */
export function readDuration<K extends string>(
  options: { readonly [name in K]?: number },
  name: K,
  fallback: number,
): number {
  const value: unknown = options[name] ?? fallback;
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new SidecarError(
      'SIDECAR_OPTION_INVALID',
      `${name} is ${describeValue(value)}, expected milliseconds, 0 or more`,
    );
  }
  return value;
}
