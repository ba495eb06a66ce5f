import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Clock, ClockTimer } from '../../lib/base/clock.js';
import type { Logger } from '../../lib/base/log.js';
import {
  createKubernetesRegistrations,
  type KubernetesRegistrationsOptions,
} from '../../lib/kubernetes/kubernetes-registrations.js';
import type {
  RegistrationSource,
  RegistrationSubscription,
} from '../../lib/upstream/discovery/registration-source.js';
import { KubernetesApiServer } from './kubernetes-api-server.js';
import { assertNothingLeft, countHandles } from './leftovers.js';
import { ManualClock } from './manual-clock.js';
import { ScriptedRandom } from './scripted-random.js';
import { until } from './until.js';

/** Hears of one service, and remembers. */
export class TestSubscriber {
  /** Every list of hosts that was told, as `ip:port` separated by blanks. */
  readonly lists: string[] = [];
  readonly failures: string[] = [];
  subscription: RegistrationSubscription | undefined = undefined;

  constructor(source: RegistrationSource, serviceName: string) {
    this.subscription = source.subscribe(serviceName, {
      onHosts: (hosts) => {
        this.lists.push(hosts.map((host) => `${host.ip_address}:${host.port}`).join(' '));
      },
      onFailure: (error) => {
        this.failures.push(error.message);
      },
    });
  }

  /** Waits until these hosts are the last that were told. */
  async untilHosts(...addresses: readonly string[]): Promise<void> {
    const expected = addresses.join(' ');
    await until(() => this.lists.at(-1) === expected, `the hosts are ${expected}`);
  }

  async untilFailures(count: number): Promise<void> {
    await until(() => this.failures.length >= count, `there are ${count} failures`);
  }
}

/** Time that stands still, and says which timers run. */
class WatchedClock implements Clock {
  /** Delays of the timers that run. */
  readonly delays: Set<{ readonly ms: number }> = new Set();
  readonly #clock = new ManualClock();

  now(): number {
    return this.#clock.now();
  }

  wallNow(): number {
    return this.#clock.wallNow();
  }

  startTimer(delayMs: number, callback: () => void): ClockTimer {
    const delay = { ms: delayMs };
    this.delays.add(delay);
    const timer = this.#clock.startTimer(delayMs, () => {
      this.delays.delete(delay);
      callback();
    });
    return {
      cancel: () => {
        this.delays.delete(delay);
        timer.cancel();
      },
    };
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }
}

/** The least of the time limits; waits of the tests, at 0.4 of their bounds, are all shorter. */
const shortestLimitMs = 15_000;

/** After so long a watch counts as one that works; no wait of the tests is as long. */
const provenMs = 1000;

/** How long a watch may last, by the random numbers of the tests. */
export const watchLimitMs: number = 336_000 + 30_000;

/** An API server, and a source of registrations that asks it, in a time that stands still. */
export class KubernetesFixture {
  readonly clock: WatchedClock = new WatchedClock();
  /** What has been logged, as `level: message`. */
  readonly logged: string[] = [];
  readonly api: KubernetesApiServer;
  readonly source: RegistrationSource;
  readonly #subscribers: TestSubscriber[] = [];

  private constructor(api: KubernetesApiServer, options: KubernetesRegistrationsOptions) {
    this.api = api;
    const at = (level: string) => (message: string) => this.logged.push(`${level}: ${message}`);
    const logger = { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') };
    this.source = createKubernetesRegistrations(
      { kubeConfig: api.kubeConfig, logger: logger as Logger, ...options },
      {
        clock: this.clock,
        random: new ScriptedRandom(0.4 * 2 ** 32),
        serviceAccountPrefix: undefined,
      },
    );
  }

  /** Starts both; everything is ended, and nothing may be left of it, when the test is over. */
  static async start(
    t: TestContext,
    options: KubernetesRegistrationsOptions = {},
    form: 'https' | 'http' = 'http',
  ): Promise<KubernetesFixture> {
    const before = countHandles();
    const fixture = new KubernetesFixture(await KubernetesApiServer.start(t, form), options);
    t.after(async () => {
      for (const { subscription } of fixture.#subscribers) {
        subscription?.close();
      }
      await until(() => fixture.api.watchCount === 0, 'no watch is left');
      await until(() => fixture.clock.delays.size === 0, 'no timer is left');
      await fixture.api.close();
      await assertNothingLeft(before);
    });
    return fixture;
  }

  /** Subscribes to a service; a name without a dot is one of the namespace `default`. */
  subscribe(name: string): TestSubscriber {
    const fullName = name.includes('.') ? name : `${name}.default.svc.cluster.local`;
    const subscriber = new TestSubscriber(this.source, fullName);
    this.#subscribers.push(subscriber);
    return subscriber;
  }

  /** Waits until so many watches are open, at both ends. */
  async untilWatching(count = 1): Promise<void> {
    await this.api.untilWatches(count);
    await until(() => {
      const limits = [...this.clock.delays].filter(({ ms }) => ms === watchLimitMs);
      return limits.length === count;
    }, `the source has ${count} watches`);
  }

  /** Waits until the source waits for its next attempt, and returns for how long. */
  async untilPause(): Promise<number> {
    const pause = (): number | undefined =>
      [...this.clock.delays].find(({ ms }) => ms < shortestLimitMs && ms !== provenMs)?.ms;
    await until(() => pause() !== undefined, 'the source waits for its next attempt');
    return pause() ?? assert.fail();
  }

  /** Lets the wait for the next attempt pass, once there is one, and returns how long it was. */
  async passPause(): Promise<number> {
    const ms = await this.untilPause();
    this.clock.advance(ms);
    return ms;
  }
}
