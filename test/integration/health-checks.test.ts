import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Logger } from '../../lib/base/log.js';
import { clusterCounts } from '../support/cluster-counts.js';
import { staticCluster } from '../support/config-builder.js';
import { RawUpstream } from '../support/fake-upstream.js';
import {
  answer,
  CheckedHost,
  cut,
  HealthCheckFixture,
  httpCheck,
  intervalMs,
  noTrafficMs,
  timeoutMs,
} from '../support/health-check-fixture.js';
import { assertNothingLeft, countHandles } from '../support/leftovers.js';
import { ManualClock } from '../support/manual-clock.js';
import { startTestSidecar } from '../support/test-sidecar.js';
import { until } from '../support/until.js';

/** Starts three hosts, so that one that fails is no reason for panic. */
async function startThree(
  t: TestContext,
  check = httpCheck(),
  prepare: (first: CheckedHost) => void = () => {},
): Promise<{ fixture: HealthCheckFixture; first: CheckedHost; hosts: readonly CheckedHost[] }> {
  const hosts = await CheckedHost.startAll(t, 'a', 'b', 'c');
  const [first] = hosts as [CheckedHost];
  prepare(first);
  const fixture = await HealthCheckFixture.start(t, { hosts, check });
  return { fixture, first, hosts };
}

describe('a host that has not been checked before', () => {
  test('takes requests as soon as it has passed once', async (t) => {
    const check = httpCheck({ healthy_threshold: 5 });
    const { fixture } = await startThree(t, check);
    assert.deepEqual(await fixture.answers(3), ['a', 'b', 'c']);
  });

  test('takes none if it does not pass', async (t) => {
    const { fixture, first } = await startThree(t, httpCheck(), (host) => {
      host.onCheck = answer(503);
    });
    assert.equal((await fixture.flags()).get(first.address), '/failed_active_hc');
    assert.deepEqual(await fixture.answers(4), ['b', 'b', 'c', 'c']);
  });

  test('has failed from the start, whatever the threshold and the way it fails', async (t) => {
    const check = httpCheck({ unhealthy_threshold: 5 });
    const { fixture, first } = await startThree(t, check, (host) => {
      host.onCheck = cut;
    });
    assert.equal(await fixture.isHealthy(first), false);
  });

  test('needs all of healthy_threshold once its first check has failed', async (t) => {
    const check = httpCheck({ healthy_threshold: 3 });
    const { fixture, first } = await startThree(t, check, (host) => {
      host.onCheck = answer(503);
    });
    first.onCheck = answer(200);
    for (const isHealthy of [false, false, true]) {
      await fixture.round();
      assert.equal(await fixture.isHealthy(first), isHealthy);
    }
  });
});

describe('unhealthy_threshold', () => {
  test('is how many checks in a row must go unanswered', async (t) => {
    const check = httpCheck({ unhealthy_threshold: 3 });
    const { fixture, first } = await startThree(t, check);
    first.onCheck = cut;
    for (const isHealthy of [true, true, false]) {
      await fixture.round();
      assert.equal(await fixture.isHealthy(first), isHealthy);
    }
    assert.deepEqual(await fixture.answers(4), ['b', 'b', 'c', 'c']);
  });

  test('counts anew after a check that passes', async (t) => {
    const { fixture, first } = await startThree(t);
    for (const onCheck of [cut, answer(200), cut, answer(200), cut]) {
      first.onCheck = onCheck;
      await fixture.round();
      assert.ok(await fixture.isHealthy(first));
    }
    await fixture.round();
    assert.equal(await fixture.isHealthy(first), false);
  });

  test('does not matter to a host that answers with another status than 200', async (t) => {
    const check = httpCheck({ unhealthy_threshold: 9, healthy_threshold: 1 });
    const { fixture, first } = await startThree(t, check);
    for (const status of [503, 500, 404, 429, 301, 204, 201]) {
      first.onCheck = answer(status);
      await fixture.round();
      assert.equal(await fixture.isHealthy(first), false, `status ${status}`);
      first.onCheck = answer(200);
      await fixture.round();
      assert.ok(await fixture.isHealthy(first));
    }
  });
});

test('healthy_threshold is how many checks in a row a failed host must pass', async (t) => {
  const check = httpCheck({ healthy_threshold: 2 });
  const { fixture, first } = await startThree(t, check);
  first.onCheck = answer(503);
  await fixture.round();
  for (const [status, isHealthy] of [
    [200, false],
    [503, false],
    [200, false],
    [200, true],
  ] as const) {
    first.onCheck = answer(status);
    await fixture.round();
    assert.equal(await fixture.isHealthy(first), isHealthy);
  }
  assert.deepEqual(await fixture.answers(3), ['a', 'b', 'c']);
});

test('a host that fails loses its connections, and the others keep theirs', async (t) => {
  const { fixture, first } = await startThree(t, httpCheck({ reuse_connection: false }));
  await fixture.answers(3);
  assert.equal(
    (await clusterCounts(fixture.proxy, 'app', 'upstream_cx_active')).upstream_cx_active,
    3,
  );
  first.onCheck = answer(503);
  await fixture.round();
  await until(() => first.upstream.sockets.size === 0, 'nothing is connected to the failed host');
  assert.equal(
    (await clusterCounts(fixture.proxy, 'app', 'upstream_cx_active')).upstream_cx_active,
    2,
  );
});

test('when all hosts fail, requests go to all of them, as health is then ignored', async (t) => {
  const hosts = await CheckedHost.startAll(t, 'a', 'b');
  for (const host of hosts) {
    host.onCheck = answer(503);
  }
  const fixture = await HealthCheckFixture.start(t, { hosts, check: httpCheck() });
  assert.deepEqual(
    [...(await fixture.flags()).values()],
    ['/failed_active_hc', '/failed_active_hc'],
  );
  assert.deepEqual(await fixture.answers(2), ['a', 'b']);
  const counts = await clusterCounts(
    fixture.proxy,
    'app',
    'lb_healthy_panic',
    'membership_healthy',
  );
  assert.deepEqual(counts, { lb_healthy_panic: 2, membership_healthy: 0 });
});

describe('the start of a sidecar', () => {
  test('waits for a result of every host, and no longer', async (t) => {
    const before = countHandles();
    const mute = await RawUpstream.start(() => {});
    const [good] = (await CheckedHost.startAll(t, 'good')) as [CheckedHost];
    const clock = new ManualClock();
    let isStarted = false;
    const starting = startTestSidecar(
      {
        clusters: [
          staticCluster('app', [mute.url, good.upstream.url], { health_check: httpCheck() }),
        ],
      },
      {},
      { clock },
    ).then((started) => {
      isStarted = true;
      return started;
    });
    await until(() => mute.sockets.size === 1 && good.checks.length === 1, 'both are asked');
    clock.advance(timeoutMs - 1);
    let turns = 300;
    await until(() => turns-- === 0, 'some turns of the event loop have passed');
    assert.equal(isStarted, false);
    clock.advance(1);
    const { sidecar } = await starting;
    await sidecar.close();
    assert.equal(clock.timerCount, 0);
    await mute.close();
    await good.upstream.close();
    await assertNothingLeft(before);
  });

  test('does not wait where there is nobody to ask', async (t) => {
    const fixture = await HealthCheckFixture.start(t, {
      hosts: ['tcp://127.0.0.1:1'],
      check: httpCheck(),
      options: { mount: { app: (_request, response) => response.end('mounted') } },
    });
    assert.equal((await fixture.proxy.send()).text, 'mounted');
    assert.equal((await fixture.counts()).attempt, 0);
    fixture.proxy.clock.advance(noTrafficMs);
    assert.equal((await fixture.proxy.send()).text, 'mounted');
    assert.equal((await fixture.counts()).attempt, 0);
  });
});

describe('health_check. statistics', () => {
  test('count every check once, and how many hosts pass', async (t) => {
    const { fixture, first } = await startThree(t, httpCheck({ unhealthy_threshold: 1 }));
    const none = { passive_failure: 0, verify_cluster: 0 };
    const started = { attempt: 3, success: 3, failure: 0, network_failure: 0, healthy: 3, ...none };
    assert.deepEqual(await fixture.counts(), started);
    first.onCheck = answer(500);
    await fixture.round();
    const failed = { attempt: 6, success: 5, failure: 1, network_failure: 0, healthy: 2, ...none };
    assert.deepEqual(await fixture.counts(), failed);
    first.onCheck = cut;
    await fixture.round();
    const cutOff = { attempt: 9, success: 7, failure: 2, network_failure: 1, healthy: 2, ...none };
    assert.deepEqual(await fixture.counts(), cutOff);
  });

  test('are there only for clusters that check, and counters only are reset', async (t) => {
    const hosts = await CheckedHost.startAll(t, 'a');
    const [host] = hosts as [CheckedHost];
    const fixture = await HealthCheckFixture.start(t, {
      hosts,
      check: httpCheck(),
      config: {
        clusters: [
          staticCluster('app', [host.upstream.url], { health_check: httpCheck() }),
          staticCluster('plain', [host.upstream.url]),
        ],
      },
    });
    const names = [...(await fixture.proxy.stats()).keys()].filter((name) =>
      name.includes('health_check.'),
    );
    assert.equal(names.length, 7);
    assert.ok(names.every((name) => name.startsWith('cluster.app.health_check.')));
    await fetch(`http://127.0.0.1:${fixture.proxy.adminPort}/reset_counters`);
    const { attempt, healthy } = await fixture.counts();
    assert.deepEqual({ attempt, healthy }, { attempt: 0, healthy: 1 });
  });

  test('leave those of the connections that carry requests alone', async (t) => {
    const { fixture } = await startThree(t);
    await fixture.round();
    const counts = await clusterCounts(
      fixture.proxy,
      'app',
      'upstream_cx_total',
      'upstream_cx_active',
      'upstream_rq_total',
      'upstream_cx_rx_bytes_total',
    );
    assert.ok(
      Object.values(counts).every((count) => count === 0),
      JSON.stringify(counts),
    );
  });
});

test('only what changes is logged, with the reason', async (t) => {
  const lines: string[] = [];
  const note = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const logger: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  };
  const [bad, good] = (await CheckedHost.startAll(t, 'bad', 'good')) as [CheckedHost, CheckedHost];
  bad.onCheck = answer(500);
  const fixture = await HealthCheckFixture.start(t, {
    hosts: [bad, good],
    check: httpCheck({ healthy_threshold: 1 }),
    options: { logger },
  });
  const about = (text: string): string => text.replaceAll(/127\.0\.0\.1:\d+/g, 'it');
  const told = (): string[] => lines.filter((line) => line.includes('health')).map(about);
  assert.deepEqual(told(), ['warn: cluster app: it fails its first health check: status 500']);
  await fixture.round();
  assert.equal(told().length, 1);
  bad.onCheck = answer(200);
  await fixture.round();
  good.onCheck = answer(404);
  await fixture.round();
  await fixture.round();
  assert.deepEqual(told().slice(1), [
    'info: cluster app: it passes its health checks again',
    'warn: cluster app: it fails its health checks: status 404',
  ]);
});

describe('x-envoy-immediate-health-check-fail in a response', () => {
  test('fails the host at once, until its checks pass again', async (t) => {
    const { fixture, first } = await startThree(t, httpCheck({ unhealthy_threshold: 9 }));
    first.onRequest = (_request, response) => {
      response.setHeader('x-envoy-immediate-health-check-fail', 'true').end('leaving');
    };
    assert.deepEqual(await fixture.answers(5), ['b', 'b', 'c', 'c', 'leaving']);
    assert.equal((await fixture.flags()).get(first.address), '/failed_active_hc');
    const { failure, passive_failure, network_failure, healthy } = await fixture.counts();
    assert.deepEqual(
      { failure, passive_failure, network_failure, healthy },
      { failure: 1, passive_failure: 1, network_failure: 0, healthy: 2 },
    );
    await fixture.round();
    assert.equal(await fixture.isHealthy(first), false);
    await fixture.round();
    assert.ok(await fixture.isHealthy(first));
  });

  test('means nothing in a cluster without health checks', async (t) => {
    const hosts = await CheckedHost.startAll(t, 'a');
    const [host] = hosts as [CheckedHost];
    host.onRequest = (_request, response) => {
      response.setHeader('x-envoy-immediate-health-check-fail', 'true').end('a');
    };
    const fixture = await HealthCheckFixture.start(t, {
      hosts,
      check: httpCheck(),
      config: { clusters: [staticCluster('app', [host.upstream.url])] },
    });
    await fixture.answers(1);
    assert.ok(await fixture.isHealthy(host));
  });
});

test('closing a sidecar ends the checks that are under way', async (t) => {
  const { fixture, hosts } = await startThree(t);
  for (const host of hosts) {
    host.onCheck = () => {};
  }
  fixture.proxy.clock.advance(noTrafficMs);
  for (const host of hosts) {
    await fixture.untilAsked(host, 2);
  }
  await fixture.proxy.close();
  assert.equal(fixture.proxy.clock.timerCount, 0);
  await until(() => hosts.every(({ upstream }) => upstream.sockets.size === 0), 'all are left');
  fixture.proxy.clock.advance(10 * intervalMs);
  assert.ok(hosts.every(({ checks }) => checks.length === 2));
});
