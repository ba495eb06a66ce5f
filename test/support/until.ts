import { setImmediate } from 'node:timers/promises';

/** Longer than anything takes on a machine under load; only a failing test waits that long. */
const patienceMs = 20_000;

/** Waits, turn by turn of the event loop, until `condition` holds; fails if it never does. */
export async function until(
  condition: () => boolean,
  what: string | (() => string),
): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > endMs) {
      throw new Error(`waited in vain until ${typeof what === 'string' ? what : what()}`);
    }
    await setImmediate();
  }
}
