import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dies, hangs, RetryProxy, retryOn, status } from '../support/retry-proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';

describe('max_retries', () => {
  const limits = { circuit_breakers: { default: { max_retries: 1 }, high: { max_retries: 0 } } };

  test('is the limit of all requests to the cluster; the answer is then the first one', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), hangs, status(502)],
      route: retryOn('5xx'),
      cluster: limits,
    });
    const client = await run.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await run.untilAttempts(2);
    assert.equal((await run.proxy.send()).text, 'status 502');
    assert.equal(await run.count('upstream_rq_retry_overflow'), 1);
    assert.equal(await run.count('upstream_rq_retry'), 1);
    assert.equal(await run.proxy.loggedResult(), '502 UO');
  });

  test('goes with the priority of the route', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503)],
      route: { ...retryOn('5xx'), priority: 'high' },
      cluster: limits,
    });
    await run.proxy.send();
    assert.equal(await run.count('upstream_rq_retry_overflow'), 1);
  });

  for (const [how, second] of [
    ['succeeds', status(200)],
    ['fails', status(503)],
    ['dies', dies],
  ] as const) {
    test(`has its place back when a retry ${how}`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [status(503), second],
        route: retryOn('5xx'),
        cluster: limits,
      });
      for (let i = 0; i < 3; i++) {
        run.attempts.length = 0;
        await run.proxy.send();
        assert.equal(run.attempts.length, 2);
      }
      assert.equal(await run.count('upstream_rq_retry_overflow'), 0);
    });
  }

  for (const [phase, draw] of [
    ['a retry is under way', 0],
    ['a retry backs off', 2 ** 31],
  ] as const) {
    test(`has its place back when the client leaves while ${phase}`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [status(503), hangs],
        route: retryOn('5xx'),
        cluster: limits,
        random: new ScriptedRandom(draw),
      });
      for (let i = 0; i < 3; i++) {
        run.attempts.length = 0;
        const client = await run.proxy.connect();
        client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
        await run.untilAttempts(draw === 0 ? 2 : 1);
        await run.untilCount('upstream_rq_retry', i + 1);
        client.socket.destroy();
        await run.proxy.untilStat('downstream_rq_rx_reset', i + 1);
      }
      assert.equal(await run.count('upstream_rq_retry_overflow'), 0);
      assert.equal(await run.count('upstream_rq_5xx'), 0);
      assert.deepEqual(run.proxy.errors, []);
    });
  }
});
