import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until other processes have brought something about: looks at it again and again, for half
 * a minute at most.
 */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await isSo()) {
      return;
    }
    await delay(50);
  }
  assert.fail(`it never came about that ${what}`);
}
