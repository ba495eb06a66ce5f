import type { Random } from './random.js';
import { isInShare, type Runtime } from './runtime.js';

/**
 * Whether what a runtime key switches is on this time. The value is a share in percent, 100 without
 * one, and each call draws anew: reference 10.2. Nothing is drawn for 0 and 100.
 */
export function isFeatureEnabled(runtime: Runtime, random: Random, key: string): boolean {
  const percent = runtime.integer(key, 100);
  return percent >= 100 || (percent > 0 && isInShare(random.uint32(), percent));
}
