import { isInShare, type Runtime } from '../base/runtime.js';
import { quoteText } from '../config/describe-value.js';
import type { RuntimeFractionConfig } from '../config/route-match-config.js';
import type { Condition } from './condition.js';

/** Compiles the share of requests that a route matches: reference 2.6.3. */
export function createRuntimeCondition(config: RuntimeFractionConfig, runtime: Runtime): Condition {
  const percent = (): number => runtime.integer(config.key, config.default);
  return {
    matches: ({ stableRandom }) => isInShare(stableRandom, percent()),
    describe: () => `${percent()} % of the requests (runtime key ${quoteText(config.key)})`,
    describeFound: ({ stableRandom }) => `the number of this request is ${stableRandom % 100}`,
  };
}
