import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unusedPort } from '../support/fake-upstream.js';
import { hangs, RetryProxy, status } from '../support/retry-proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';

const route = { timeout_ms: 1000, retry_policy: { retry_on: '5xx', num_retries: 3 } };
/** Half of whatever is drawn from. */
const half = (): ScriptedRandom => new ScriptedRandom(2 ** 31);
const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

describe('the back-off before a retry', () => {
  test('is drawn from a bound that doubles and more: 25, 75, 175 ms', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(503)], route, random: half() });
    const client = await run.proxy.connect();
    client.write(get);
    for (const [index, delayMs] of [12, 37, 87].entries()) {
      await run.untilCount('upstream_rq_retry', index + 1);
      run.proxy.clock.advance(delayMs - 1);
      await run.proxy.stats();
      assert.equal(run.attempts.length, index + 1);
      run.proxy.clock.advance(1);
      await run.untilAttempts(index + 2);
    }
    await client.until('status 503');
  });

  test('comes before another host is asked, too', async (t) => {
    const answers = [status(503), status(200)];
    const run = await RetryProxy.start(t, { hosts: 2, answers, route, random: half() });
    const client = await run.proxy.connect();
    client.write(get);
    await run.untilCount('upstream_rq_retry', 1);
    run.proxy.clock.advance(11);
    await run.proxy.stats();
    assert.equal(run.attempts.length, 1);
    run.proxy.clock.advance(1);
    await client.until('status 200');
  });

  test('has a base in the runtime', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(200)],
      route,
      random: half(),
    });
    run.proxy.sidecar.runtime.set('upstream.base_retry_backoff_ms', 100);
    const client = await run.proxy.connect();
    client.write(get);
    await run.untilCount('upstream_rq_retry', 1);
    run.proxy.clock.advance(49);
    await run.proxy.stats();
    assert.equal(run.attempts.length, 1);
    run.proxy.clock.advance(1);
    await client.until('status 200');
  });

  test('counts toward the time for all, which ends it', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), hangs],
      route: { ...route, timeout_ms: 10 },
      random: half(),
    });
    const client = await run.proxy.connect();
    client.write(get);
    await run.untilCount('upstream_rq_retry', 1);
    run.proxy.clock.advance(10);
    assert.match(await client.until('upstream request timeout'), /^HTTP\/1\.1 504 /);
    run.proxy.clock.advance(1000);
    await run.proxy.stats();
    assert.equal(run.attempts.length, 1);
    assert.equal(await run.count('upstream_rq_timeout'), 1);
  });

  test('ends with the call of the application in the same turn', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(503)], route, random: half() });
    const controller = new AbortController();
    const { signal } = controller;
    const call = run.proxy.sidecar.request('http://foo.com/', { signal });
    await run.untilCount('upstream_rq_retry', 1);
    const reason = new Error('enough');
    let isOver = false;
    const over = assert
      .rejects(call, (error) => error === reason)
      .then(() => {
        isOver = true;
      });
    controller.abort(reason);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, true);
    await over;
    run.proxy.clock.advance(1000);
    await run.proxy.stats();
    assert.equal(run.attempts.length, 1);
  });
});

describe('a host that cannot be reached', () => {
  const nowhere = async (): Promise<string> => `tcp://127.0.0.1:${await unusedPort()}`;

  test('is followed by another one at once', async (t) => {
    const run = await RetryProxy.start(t, {
      firstHosts: [await nowhere()],
      answers: [status(200)],
      route,
      random: half(),
    });
    const { status: code } = await run.proxy.send();
    assert.equal(code, 200);
    assert.equal(await run.count('upstream_rq_retry'), 1);
    assert.equal(await run.count('upstream_cx_connect_fail'), 1);
  });

  test('is followed after the back-off if it was not the first', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 0,
      firstHosts: [await nowhere(), await nowhere()],
      answers: [status(200)],
      route,
      random: half(),
    });
    const client = await run.proxy.connect();
    client.write(get);
    await run.untilCount('upstream_cx_connect_fail', 2);
    run.proxy.clock.advance(36);
    await run.proxy.stats();
    assert.equal(await run.count('upstream_cx_total'), 2);
    run.proxy.clock.advance(1);
    await run.untilCount('upstream_cx_connect_fail', 3);
  });

  test('is tried again after the back-off if there is no other', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 0,
      firstHosts: [await nowhere()],
      answers: [status(200)],
      route,
      random: half(),
    });
    const client = await run.proxy.connect();
    client.write(get);
    await run.untilCount('upstream_cx_connect_fail', 1);
    run.proxy.clock.advance(11);
    await run.proxy.stats();
    assert.equal(await run.count('upstream_cx_total'), 1);
    run.proxy.clock.advance(1);
    await run.untilCount('upstream_cx_connect_fail', 2);
  });
});
