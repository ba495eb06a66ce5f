import type { Clock } from '../../base/clock.js';
import { type Logger, silentLogger } from '../../base/log.js';
import type { TimerWheel } from '../../base/timer-wheel.js';
import type { BreakerPolicy } from './breaker-policy.js';
import { BreakerRotation } from './breaker-rotation.js';
import {
  type BreakerOwner,
  FailureRateBreaker,
  type FailureRateBreakerContext,
} from './failure-rate-breaker.js';
import { ResultWindowSettings } from './result-window.js';

/** What the breakers need from the sidecar. */
export interface BreakersContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** Default: silence. */
  readonly log?: Logger;
}

/** Makes the failure-rate breakers of clusters, as the option `breakers` says. */
export class Breakers {
  /** By the name of the cluster, or `*`. */
  readonly #contexts: ReadonlyMap<string, FailureRateBreakerContext>;

  private constructor(contexts: ReadonlyMap<string, FailureRateBreakerContext>) {
    this.#contexts = contexts;
  }

  /** Loads opossum, unless there is no policy: `undefined` then. */
  static async load(
    policies: ReadonlyMap<string, BreakerPolicy>,
    { clock, wheel, log = silentLogger }: BreakersContext,
  ): Promise<Breakers | undefined> {
    if (policies.size === 0) {
      return undefined;
    }
    const { default: library } = await import('opossum');
    const shared = { library, rotation: new BreakerRotation(clock) };
    const contexts = [...policies].map(([name, policy]) => {
      const windowSettings = new ResultWindowSettings(shared, policy);
      return [name, { policy, windowSettings, wheel, log }] as const;
    });
    return new Breakers(new Map(contexts));
  }

  /** Returns a new breaker for the cluster, or `undefined` if it is to have none. */
  create(cluster: BreakerOwner): FailureRateBreaker | undefined {
    const context = this.#contexts.get(cluster.name) ?? this.#contexts.get('*');
    return context && new FailureRateBreaker(cluster, context);
  }
}
