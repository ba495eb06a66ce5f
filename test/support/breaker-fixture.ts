import assert from 'node:assert/strict';
import { TimerWheel } from '../../lib/base/timer-wheel.js';
import {
  type BreakerPolicy,
  defaultBreakerPolicy,
} from '../../lib/upstream/breaker/breaker-policy.js';
import { Breakers } from '../../lib/upstream/breaker/breakers.js';
import type {
  BreakerOwner,
  BreakerPass,
  FailureRateBreaker,
} from '../../lib/upstream/breaker/failure-rate-breaker.js';
import { ManualClock } from './manual-clock.js';

/** A cluster that breakers may be made for. */
export function breakerOwner(name: string): BreakerOwner & { isInForce: boolean } {
  return { name, isInForce: true, stats: {} };
}

/** Breakers on a clock that stands still. */
export class BreakerFixture {
  readonly clock: ManualClock;
  readonly breakers: Breakers;
  /** The cluster `app`. */
  readonly owner: { isInForce: boolean };
  /** That of the cluster `app`. */
  readonly breaker: FailureRateBreaker;
  /** What has been logged. */
  readonly lines: readonly string[];

  private constructor(
    clock: ManualClock,
    breakers: Breakers,
    owner: { isInForce: boolean },
    breaker: FailureRateBreaker,
    lines: readonly string[],
  ) {
    this.clock = clock;
    this.breakers = breakers;
    this.owner = owner;
    this.breaker = breaker;
    this.lines = lines;
  }

  /** `policy` replaces defaults; `others` are the policies of more clusters, `*` among them. */
  static async create(
    policy: Partial<BreakerPolicy> = {},
    others: Readonly<Record<string, Partial<BreakerPolicy>>> = {},
  ): Promise<BreakerFixture> {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock);
    const policies = Object.entries({ app: policy, ...others }).map(
      ([name, own]) => [name, { ...defaultBreakerPolicy, ...own }] as const,
    );
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    const log = { debug: note, info: note, warn: note, error: note };
    const breakers = await Breakers.load(new Map(policies), { clock, wheel, log });
    const owner = breakerOwner('app');
    const breaker = breakers?.create(owner);
    assert.ok(breakers !== undefined && breaker !== undefined);
    return new BreakerFixture(clock, breakers, owner, breaker, lines);
  }

  /** The statistics `open`, `half_open` and `probes_active`. */
  get gauges(): number[] {
    const { open, halfOpen, probesActive } = this.breaker.stats;
    return [open, halfOpen, probesActive];
  }

  /** Asks for an attempt, which has to be let through. */
  enter(): BreakerPass {
    const pass = this.breaker.enter();
    assert.ok(pass !== undefined, 'the attempt is let through');
    return pass;
  }

  /** So many attempts end so. */
  async result(isFailure: boolean, count = 1): Promise<void> {
    for (let i = 0; i < count; i++) {
      const pass = this.enter();
      pass.settle(isFailure);
      pass.release();
    }
    await this.settled();
  }

  /** Waits until opossum, which is told by promises, has taken all results. */
  settled(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Opens the breaker and waits until it lets probes through. */
  async halfOpen(): Promise<void> {
    await this.result(true, 10);
    assert.equal(this.breaker.state, 'open');
    this.clock.advance(30_000);
    assert.equal(this.breaker.state, 'half_open');
  }
}
