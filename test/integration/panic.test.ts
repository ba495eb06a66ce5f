import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { clusterCounts } from '../support/cluster-counts.js';
import {
  answer,
  CheckedHost,
  HealthCheckFixture,
  httpCheck,
} from '../support/health-check-fixture.js';

const key = 'upstream.healthy_panic_threshold';

/** Four hosts, of which the last `failed` fail their health check from the start. */
async function start(t: TestContext, failed: number): Promise<HealthCheckFixture> {
  const hosts = await CheckedHost.startAll(t, 'a', 'b', 'c', 'd');
  for (const host of hosts.slice(4 - failed)) {
    host.onCheck = answer(503);
  }
  return HealthCheckFixture.start(t, { hosts, check: httpCheck() });
}

async function panics(fixture: HealthCheckFixture): Promise<number> {
  return (await clusterCounts(fixture.proxy, 'app', 'lb_healthy_panic')).lb_healthy_panic;
}

test('with half of the hosts healthy, those alone are used', async (t) => {
  const fixture = await start(t, 2);
  assert.deepEqual(await fixture.answers(4), ['a', 'a', 'b', 'b']);
  assert.equal(await panics(fixture), 0);
});

test('with fewer, all are, and each choice is counted', async (t) => {
  const fixture = await start(t, 3);
  assert.deepEqual(await fixture.answers(4), ['a', 'b', 'c', 'd']);
  assert.equal(await panics(fixture), 4);
});

test('upstream.healthy_panic_threshold: a new value counts for the next request', async (t) => {
  const fixture = await start(t, 3);
  const { runtime } = fixture.proxy.sidecar;
  runtime.set(key, 25);
  assert.deepEqual(await fixture.answers(2), ['a', 'a']);
  runtime.set(key, 26);
  assert.deepEqual(await fixture.answers(4), ['a', 'b', 'c', 'd']);
  runtime.set(key, 0);
  assert.deepEqual(await fixture.answers(2), ['a', 'a']);
  assert.equal(await panics(fixture), 4);
});

test('without panic, a cluster whose hosts have all failed answers with 503', async (t) => {
  const fixture = await start(t, 4);
  assert.deepEqual(await fixture.answers(4), ['a', 'b', 'c', 'd']);
  fixture.proxy.sidecar.runtime.set(key, 0);
  const response = await fixture.proxy.send();
  assert.equal(response.status, 503);
  assert.equal(response.text, 'no healthy upstream');
});
