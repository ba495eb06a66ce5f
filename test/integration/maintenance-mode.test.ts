import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staticCluster } from '../support/config-builder.js';
import { RetryProxy, status } from '../support/retry-proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';

const key = 'upstream.maintenance_mode.app';

test('a cluster in maintenance gets nothing, and its requests are answered so', async (t) => {
  const run = await RetryProxy.start(t, {
    answers: [status(200)],
    route: { retry_policy: { retry_on: '5xx' }, shadow: { cluster: 'next' } },
    moreClusters: [staticCluster('next', ['tcp://127.0.0.1:1'])],
  });
  run.proxy.sidecar.runtime.set(key, '100');
  const response = await run.proxy.send({ method: 'POST', body: 'hello' });
  assert.equal(response.status, 503);
  assert.equal(response.text, 'maintenance mode');
  assert.equal(response.headers['x-envoy-overloaded'], 'true');
  assert.equal(response.headers['content-type'], 'text/plain');
  assert.equal(run.attempts.length, 0);
  assert.equal(await run.count('upstream_rq_maintenance_mode'), 1);
  assert.equal(await run.count('upstream_rq_503'), 1);
  assert.equal(await run.count('upstream_rq_total'), 0);
  assert.equal(await run.count('upstream_rq_retry'), 0);
  assert.equal(await run.count('upstream_rq_total', 'next'), 0);
  assert.equal(await run.proxy.loggedResult(), '503 UO');
});

test('it is over when the runtime says so', async (t) => {
  const run = await RetryProxy.start(t, { answers: [status(200)] });
  for (const [value, code] of [
    ['100', 503],
    ['0', 200],
    ['100', 503],
    [undefined, 200],
  ] as const) {
    run.proxy.sidecar.runtime.set(key, value);
    assert.equal((await run.proxy.send()).status, code, value);
  }
});

test('it may be for a share of the requests, and for one cluster alone', async (t) => {
  for (const [name, percent, drawn, code] of [
    [key, '30', 29, 503],
    [key, '30', 30, 200],
    [key, '30', 129, 503],
    ['upstream.maintenance_mode.application', '100', 0, 200],
    ['upstream.maintenance_mode', '100', 0, 200],
  ] as const) {
    const random = new ScriptedRandom(drawn);
    const run = await RetryProxy.start(t, { answers: [status(200)], random });
    run.proxy.sidecar.runtime.set(name, percent);
    assert.equal((await run.proxy.send()).status, code, `${name} ${percent} ${drawn}`);
  }
});
