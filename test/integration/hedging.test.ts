import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertCountedOnce } from '../support/cluster-counts.js';
import { type Answer, dies, hangs, RetryProxy, status } from '../support/retry-proxy.js';
import { until } from '../support/until.js';

const route = {
  timeout_ms: 1000,
  retry_policy: { retry_on: '5xx', per_try_timeout_ms: 100, num_retries: 2 },
};
const options = { hedgeOnPerTryTimeout: ['app'] };

/** Answers when the test says so. */
class Held {
  #send: (answer: Answer) => void = () => {};
  readonly answer: Answer = (response, request) => {
    this.#send = (answer) => answer(response, request);
  };

  send(answer: Answer): void {
    this.#send(answer);
  }
}

async function race(
  run: RetryProxy,
  method = 'GET',
): Promise<Awaited<ReturnType<RetryProxy['proxy']['connect']>>> {
  const client = await run.proxy.connect();
  client.write(`${method} / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`);
  await run.untilAttempts(1);
  run.proxy.clock.advance(100);
  return client;
}

describe('hedgeOnPerTryTimeout', () => {
  for (const [who, index] of [
    ['the first attempt', 0],
    ['the second attempt', 1],
  ] as const) {
    test(`lets ${who} win if its response comes first`, async (t) => {
      const held = [new Held(), new Held()];
      const run = await RetryProxy.start(t, {
        hosts: 2,
        answers: held.map(({ answer }) => answer),
        route,
        options,
      });
      const client = await race(run);
      await run.untilAttempts(2);
      assert.notEqual(run.hosts[0], run.hosts[1]);
      held[index]?.send(status(200));
      await client.until('status 200');
      await until(() => run.connectionCount === 1, 'the loser is aborted');
      assert.equal(await run.count('upstream_rq_per_try_timeout'), 1);
      assert.equal(await run.count('upstream_rq_retry'), 1);
      await assertCountedOnce(run.proxy, 'app', 1);
    });
  }

  for (const [what, bad] of [
    ['retriable response', status(503)],
    ['failure', dies],
  ] as const) {
    test(`lets a ${what} wait for the other attempt`, async (t) => {
      const held = [new Held(), new Held()];
      const run = await RetryProxy.start(t, {
        answers: held.map(({ answer }) => answer),
        route: { ...route, retry_policy: { ...route.retry_policy, num_retries: 1 } },
        options,
      });
      const client = await race(run);
      await run.untilAttempts(2);
      held[1]?.send(bad);
      await until(() => run.connectionCount === 1 || bad !== dies, 'it is gone');
      await run.proxy.stats();
      assert.equal(client.received, '');
      held[0]?.send(status(200));
      await client.until('status 200');
      await assertCountedOnce(run.proxy, 'app', 1);
    });
  }

  test('answers with the last bad response when there is no other', async (t) => {
    const held = [new Held(), new Held()];
    const run = await RetryProxy.start(t, {
      answers: held.map(({ answer }) => answer),
      route: { ...route, retry_policy: { ...route.retry_policy, num_retries: 1 } },
      options,
    });
    const client = await race(run);
    await run.untilAttempts(2);
    held[0]?.send(status(503));
    await run.untilCount('retry.upstream_rq_503', 1);
    held[1]?.send(status(502));
    await client.until('status 502');
    await assertCountedOnce(run.proxy, 'app', 1);
  });

  test('makes no more attempts than the policy, and then waits for the time for all', async (t) => {
    const run = await RetryProxy.start(t, { answers: [hangs], route, options });
    const client = await race(run);
    await run.untilAttempts(2);
    run.proxy.clock.advance(100);
    await run.untilAttempts(3);
    run.proxy.clock.advance(799);
    await run.proxy.stats();
    assert.equal(client.received, '');
    run.proxy.clock.advance(1);
    await client.until(' 504 ');
    await until(() => run.connectionCount === 0, 'all are aborted');
    await assertCountedOnce(run.proxy, 'app', 1);
  });

  test('does not touch what must not be done twice, nor other clusters', async (t) => {
    for (const [method, hedged] of [
      ['POST', true],
      ['GET', false],
    ] as const) {
      const run = await RetryProxy.start(t, {
        answers: [hangs, hangs],
        route,
        options: hedged ? { hedgeOnPerTryTimeout: true } : {},
      });
      const client = await race(run, method);
      await run.untilAttempts(2);
      await until(() => run.connectionCount === 1, 'the first attempt was cancelled');
      client.socket.destroy();
    }
  });

  test('leaves nothing behind when the client goes', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [hangs],
      route,
      options,
      cluster: { circuit_breakers: { default: { max_retries: 1 } } },
    });
    for (let i = 1; i <= 2; i++) {
      run.attempts.length = 0;
      const client = await race(run);
      await run.untilAttempts(2);
      client.socket.destroy();
      await until(() => run.connectionCount === 0, 'both are aborted');
    }
    assert.equal(await run.count('upstream_rq_retry_overflow'), 0);
    assert.deepEqual(run.proxy.errors, []);
  });
});
