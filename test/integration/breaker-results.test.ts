import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breakerState, sendMany, startBreakerProxy } from '../support/breaker-proxy.js';
import { unusedPort } from '../support/fake-upstream.js';
import { type Answer, dies, hangs, status } from '../support/retry-proxy.js';

describe('what counts', () => {
  const results: readonly (readonly [string, Answer, boolean])[] = [
    ['status 500', status(500), true],
    ['no response', dies, true],
    ['status 404', status(404), false],
    ['status 200', status(200), false],
  ];
  for (const [what, answer, isFailure] of results) {
    test(`${what} is ${isFailure ? 'a failure' : 'none'}`, async (t) => {
      const run = await startBreakerProxy(t, { answers: [answer] });
      await sendMany(run, 4);
      assert.equal(await breakerState(run), isFailure ? 'open' : 'closed');
    });
  }

  test('a connection that is refused is a failure', async (t) => {
    const firstHosts = [`tcp://127.0.0.1:${await unusedPort()}`];
    const run = await startBreakerProxy(t, { hosts: 0, firstHosts, answers: [] });
    await sendMany(run, 4);
    assert.equal(await breakerState(run), 'open');
  });

  test('a time-out is a failure, even if the client asked for 204 in its place', async (t) => {
    const run = await startBreakerProxy(t, { answers: [hangs], route: { timeout_ms: 1000 } });
    for (let i = 1; i <= 4; i++) {
      const sent = run.proxy.send({ headers: { 'x-envoy-upstream-rq-timeout-alt-response': '1' } });
      await run.untilAttempts(i);
      run.proxy.clock.advance(1000);
      assert.equal((await sent).status, 204);
    }
    assert.equal(await breakerState(run), 'open');
  });

  test('clients that leave count nowhere', async (t) => {
    const run = await startBreakerProxy(t, { answers: [hangs] });
    for (let i = 1; i <= 6; i++) {
      const client = await run.proxy.connect();
      client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await run.untilAttempts(i);
      client.socket.destroy();
      await run.untilCount('upstream_rq_active', 0);
    }
    run.answers = [status(500)];
    await sendMany(run, 3);
    assert.equal(await breakerState(run), 'closed');
    await sendMany(run, 1);
    assert.equal(await breakerState(run), 'open');
  });

  test('what our own limits refuse counts nowhere', async (t) => {
    const cluster = { circuit_breakers: { default: { max_pending_requests: 0 } } };
    const run = await startBreakerProxy(t, { answers: [], cluster });
    await sendMany(run, 8);
    assert.equal(await breakerState(run), 'closed');
  });

  test('requests that were merely sent on stale connections count once', async (t) => {
    const run = await startBreakerProxy(t, {
      answers: [status(200), dies, status(200), dies, status(200), dies, status(200)],
    });
    const responses = await sendMany(run, 4);
    assert.ok(responses.every(({ status: code }) => code === 200));
    assert.equal(await run.count('upstream_rq_reused_cx_resend'), 3);
    assert.equal(await breakerState(run), 'closed');
  });
});
