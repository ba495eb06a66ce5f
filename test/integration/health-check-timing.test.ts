import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { staticCluster } from '../support/config-builder.js';
import { HangingHost } from '../support/hanging-host.js';
import {
  CheckedHost,
  cut,
  HealthCheckFixture,
  type HealthCheckParts,
  httpCheck,
  intervalMs,
  noTrafficMs,
  timeoutMs,
} from '../support/health-check-fixture.js';
import { assertNothingLeft, countHandles } from '../support/leftovers.js';
import { ManualClock } from '../support/manual-clock.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { startTestSidecar } from '../support/test-sidecar.js';
import { until } from '../support/until.js';

interface OneHost {
  readonly fixture: HealthCheckFixture;
  readonly host: CheckedHost;
  /** Fails unless the next check comes when so much time has passed, or one percent more, and not sooner. */
  assertWait(ms: number): Promise<void>;
}

async function startOne(
  t: TestContext,
  check: Json = httpCheck(),
  parts: Partial<HealthCheckParts> = {},
): Promise<OneHost> {
  const host = await CheckedHost.start(t, 'a');
  const fixture = await HealthCheckFixture.start(t, { hosts: [host], check, ...parts });
  const assertWait = async (ms: number): Promise<void> => {
    const { attempt } = await fixture.counts();
    fixture.proxy.clock.advance(ms - 1);
    assert.equal((await fixture.counts()).attempt, attempt, `less than ${ms} ms`);
    fixture.proxy.clock.advance(1 + Math.min(500, Math.floor(ms / 100)));
    assert.equal((await fixture.counts()).attempt, attempt + 1, `${ms} ms`);
    await fixture.settle();
  };
  return { fixture, host, assertWait };
}

/** As `startOne`, with a request already sent and the first wait, without traffic, over. */
async function startWithTraffic(
  t: TestContext,
  check: Json = httpCheck(),
  parts: Partial<HealthCheckParts> = {},
): Promise<OneHost> {
  const one = await startOne(t, check, parts);
  assert.equal((await one.fixture.proxy.send()).status, 200);
  await one.fixture.round();
  return one;
}

test('the first check of a host comes at once', async (t) => {
  const { host } = await startOne(t);
  assert.equal(host.checks.length, 1);
});

describe('while no connection has ever been opened for requests', () => {
  test('checks are a minute apart, whatever the interval', async (t) => {
    const { assertWait } = await startOne(t);
    await assertWait(noTrafficMs);
    await assertWait(noTrafficMs);
  });

  test('they are so too where the interval is longer', async (t) => {
    const { assertWait } = await startOne(t, httpCheck({ interval_ms: 600_000 }));
    await assertWait(noTrafficMs);
  });

  test('a failure makes them come no sooner', async (t) => {
    const { assertWait, host } = await startOne(t);
    host.onCheck = cut;
    await assertWait(noTrafficMs);
    await assertWait(noTrafficMs);
  });
});

describe('once there has been a request', () => {
  test('checks are interval_ms apart, after the wait that has begun before', async (t) => {
    const { assertWait, fixture } = await startOne(t);
    await fixture.proxy.send();
    await assertWait(noTrafficMs);
    await assertWait(intervalMs);
    await assertWait(intervalMs);
  });

  test('they stay so when the counters are reset', async (t) => {
    const { assertWait, fixture } = await startWithTraffic(t);
    await fetch(`http://127.0.0.1:${fixture.proxy.adminPort}/reset_counters`);
    await assertWait(intervalMs);
    await assertWait(intervalMs);
  });

  test('the interval counts from the result, not from the question', async (t) => {
    const { assertWait, fixture, host } = await startWithTraffic(t);
    const answers: (() => void)[] = [];
    host.onCheck = (_request, response) => {
      answers.push(() => response.end());
    };
    fixture.proxy.clock.advance(intervalMs);
    await until(() => answers.length === 1, 'it is asked');
    fixture.proxy.clock.advance(timeoutMs - 1);
    answers[0]?.();
    await fixture.settle();
    host.onCheck = (_request, response) => {
      response.end();
    };
    await assertWait(intervalMs);
  });
});

describe('interval_jitter_ms', () => {
  for (const [draw, ms] of [
    [0, 0],
    [99, 99],
    [100, 0],
    [1234, 34],
  ] as const) {
    test(`of 100 adds ${ms} to every wait where the draw is ${draw}`, async (t) => {
      const { assertWait, fixture } = await startOne(t, httpCheck({ interval_jitter_ms: 100 }), {
        environment: { random: new ScriptedRandom(draw) },
      });
      await fixture.proxy.send();
      await assertWait(noTrafficMs + ms);
      await assertWait(intervalMs + ms);
    });
  }
});

describe('runtime', () => {
  test('health_check.max_interval bounds the wait from above', async (t) => {
    const { assertWait, fixture } = await startWithTraffic(t);
    fixture.proxy.sidecar.runtime.set('health_check.max_interval', 2500);
    await assertWait(intervalMs);
    await assertWait(2500);
    fixture.proxy.sidecar.runtime.set('health_check.max_interval', undefined);
    await assertWait(2500);
    await assertWait(intervalMs);
  });

  test('health_check.min_interval bounds it from below, and wins', async (t) => {
    const { assertWait, fixture } = await startWithTraffic(t);
    fixture.proxy.sidecar.runtime.set('health_check.max_interval', 2500);
    fixture.proxy.sidecar.runtime.set('health_check.min_interval', 20_000);
    await assertWait(intervalMs);
    await assertWait(20_000);
  });

  test('no bound makes checks follow each other without a pause', async (t) => {
    const { assertWait, fixture } = await startWithTraffic(t);
    fixture.proxy.sidecar.runtime.set('health_check.max_interval', 0);
    await assertWait(intervalMs);
    await assertWait(1);
  });
});

describe('timeout_ms', () => {
  test('is the time for connecting and answering together', async () => {
    const before = countHandles();
    const host = await HangingHost.start();
    const clock = new ManualClock();
    let isStarted = false;
    // Longer than a connection for requests may take.
    const cluster = staticCluster('app', [host.url], {
      connect_timeout_ms: 1,
      health_check: httpCheck({ timeout_ms: 3000 }),
    });
    const starting = startTestSidecar({ clusters: [cluster] }, {}, { clock });
    void starting.then(() => {
      isStarted = true;
    });
    await until(() => clock.timerCount > 0, 'the check has begun');
    clock.advance(2999);
    let turns = 300;
    await until(() => turns-- === 0, 'some turns of the event loop have passed');
    assert.equal(isStarted, false);
    clock.advance(1);
    const test = await starting;
    assert.equal((await test.stats()).get('cluster.app.health_check.network_failure'), 1);
    await test.sidecar.close();
    await host.close();
    await assertNothingLeft(before);
  });

  test('may be longer than the interval: there is one check at a time', async (t) => {
    const { fixture, host } = await startWithTraffic(
      t,
      httpCheck({ interval_ms: 1000, timeout_ms: 30_000 }),
    );
    host.onCheck = () => {};
    const { attempt } = await fixture.counts();
    fixture.proxy.clock.advance(1000);
    await fixture.untilAsked(host, attempt + 1);
    fixture.proxy.clock.advance(29_999);
    assert.equal((await fixture.counts()).attempt, attempt + 1);
    fixture.proxy.clock.advance(1);
    await fixture.settle();
    fixture.proxy.clock.advance(1000);
    await fixture.untilAsked(host, attempt + 2);
    assert.equal((await fixture.counts()).network_failure, 1);
  });

  test('counts what has arrived in it, although the process was busy meanwhile', async (t) => {
    const { fixture, host } = await startWithTraffic(t, httpCheck({ unhealthy_threshold: 1 }));
    const { clock } = fixture.proxy;
    host.onCheck = (_request, response) => {
      // Before anything can be read: the answer is there, and the time is up.
      setTimeout(() => {
        response.end();
        clock.advance(timeoutMs);
      }, 0);
    };
    clock.advance(intervalMs);
    await fixture.untilAsked(host, 3);
    await until(() => clock.now() >= noTrafficMs + intervalMs + timeoutMs, 'the time is up');
    await fixture.settle();
    assert.deepEqual((await fixture.counts()).failure, 0);
    assert.ok(await fixture.isHealthy(host));
  });

  test('that is over does not cost the next check its connection', async (t) => {
    const { fixture, host } = await startWithTraffic(t);
    host.onCheck = () => {};
    fixture.proxy.clock.advance(intervalMs);
    await fixture.untilAsked(host, 3);
    fixture.proxy.clock.advance(timeoutMs);
    await fixture.settle();
    host.onCheck = (_request, response) => {
      response.end();
    };
    await fixture.round();
    assert.equal((await fixture.counts()).success, 3);
  });
});
