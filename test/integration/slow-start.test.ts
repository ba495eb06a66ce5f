import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BalancedProxy } from '../support/balanced-proxy.js';
import { staticCluster } from '../support/config-builder.js';
import {
  answer,
  CheckedHost,
  HealthCheckFixture,
  httpCheck,
  intervalMs,
} from '../support/health-check-fixture.js';
import { startTestSidecar } from '../support/test-sidecar.js';

const windowMs = 600_000;
const slowStart = { app: { windowMs } };

for (const lbType of ['round_robin', 'least_request']) {
  test(`slowStart, ${lbType}: a host that comes gets its share little by little`, async (t) => {
    const cluster = { lb_type: lbType };
    const balanced = await BalancedProxy.start(t, { cluster, options: { slowStart } });
    await balanced.setHosts(['a'], ['b']);
    // There was none before, so these have their share at once.
    const first = await balanced.shares(40);
    assert.ok((first['a'] ?? 0) > 8 && (first['b'] ?? 0) > 8, JSON.stringify(first));
    await balanced.setHosts(['a'], ['b'], ['c']);
    const early = (await balanced.shares(63))['c'] ?? 0;
    assert.ok(early <= 8, `${early}`);
    balanced.proxy.clock.advance(windowMs / 2);
    const half = (await balanced.shares(75))['c'] ?? 0;
    assert.ok(half > 5 && half < 25, `${half}`);
    balanced.proxy.clock.advance(windowMs / 2);
    const late = (await balanced.shares(90))['c'] ?? 0;
    assert.ok(late > 15, `${late}`);
  });
}

test('so does a host that comes back to health, but not when the cluster starts', async (t) => {
  const hosts = await CheckedHost.startAll(t, 'a', 'b', 'c');
  const [first] = hosts as [CheckedHost];
  const options = { slowStart: { '*': { windowMs, minWeightPercent: 25 } } };
  const fixture = await HealthCheckFixture.start(t, { hosts, check: httpCheck(), options });
  assert.deepEqual(await fixture.answers(6), ['a', 'a', 'b', 'b', 'c', 'c']);
  first.onCheck = answer(503);
  await fixture.round();
  assert.deepEqual(await fixture.answers(4), ['b', 'b', 'c', 'c']);
  first.onCheck = answer(200);
  await fixture.round();
  await fixture.round();
  assert.ok(await fixture.isHealthy(first));
  const answers = await fixture.answers(36);
  // A quarter of a turn: 4 of 36.
  const share = answers.filter((name) => name === 'a').length;
  assert.ok(share >= 2 && share <= 6, `${share}, ${intervalMs}`);
});

test('slowStart: a cluster that does not exist is refused', async () => {
  const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
  await assert.rejects(startTestSidecar({ clusters }, { slowStart: { orders: { windowMs: 1 } } }), {
    code: 'SIDECAR_OPTION_INVALID',
  });
});
