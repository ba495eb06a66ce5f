import type { Runtime } from '../../base/runtime.js';
import type { HostSet } from '../host-set.js';

const panicThresholdKey = 'upstream.healthy_panic_threshold';
const defaultPanicThreshold = 50;

/**
 * Whether so few of the hosts are healthy that all of them are to be used: reference 4.3. The threshold
 * is in percent, and exactly at it there is no panic. A new value of the runtime counts at once.
 */
export function isInPanic({ healthyPercent }: HostSet, runtime: Runtime): boolean {
  // A threshold above 100 is as good as 100: when all are healthy there is never panic.
  return (
    healthyPercent !== 100 &&
    healthyPercent < runtime.integer(panicThresholdKey, defaultPanicThreshold)
  );
}
