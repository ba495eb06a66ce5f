import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { type Answer, hangs, RetryProxy, status } from '../support/retry-proxy.js';
import { until } from '../support/until.js';
import type { WireClient } from '../support/wire-client.js';

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

function policy(perTryMs: number, timeoutMs: number, retry_on = '5xx'): Json {
  return { timeout_ms: timeoutMs, retry_policy: { retry_on, per_try_timeout_ms: perTryMs } };
}

async function send(run: RetryProxy, text = get): Promise<WireClient> {
  const client = await run.proxy.connect();
  client.write(text);
  return client;
}

describe('per_try_timeout_ms', () => {
  test('ends an attempt, which is tried again', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [hangs, status(200)],
      route: policy(100, 1000),
    });
    const client = await send(run);
    await run.untilAttempts(1);
    run.proxy.clock.advance(99);
    await run.proxy.stats();
    assert.equal(run.attempts.length, 1);
    run.proxy.clock.advance(1);
    await client.until('status 200');
    assert.equal(run.attempts[0]?.headers['x-envoy-expected-rq-timeout-ms'], '100');
    assert.equal(await run.count('upstream_rq_per_try_timeout'), 1);
    assert.equal(await run.count('upstream_rq_timeout'), 0);
    assert.equal(await run.count('upstream_rq_retry_success'), 1);
    await until(() => run.connectionCount === 1, 'the first connection is closed');
  });

  test('is answered with 504 when there is no retry left, and counts each time', async (t) => {
    const run = await RetryProxy.start(t, { answers: [hangs], route: policy(100, 1000) });
    const client = await send(run);
    await run.untilAttempts(1);
    run.proxy.clock.advance(100);
    await run.untilAttempts(2);
    run.proxy.clock.advance(100);
    const text = await client.until('upstream request timeout');
    assert.match(text, /^HTTP\/1\.1 504 /);
    assert.equal(await run.count('upstream_rq_per_try_timeout'), 2);
    assert.equal(await run.count('upstream_rq_504'), 1);
    assert.equal(await run.proxy.loggedResult(), '504 UT');
  });

  test('is no failure to connect', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [hangs],
      route: policy(100, 1000, 'connect-failure'),
    });
    const client = await send(run);
    await run.untilAttempts(1);
    run.proxy.clock.advance(100);
    assert.match(await client.until('upstream request timeout'), /^HTTP\/1\.1 504 /);
    assert.equal(run.attempts.length, 1);
  });

  for (const [perTryMs, timeoutMs, expected] of [
    [100, 100, '100'],
    [200, 100, '100'],
    [100, 0, undefined],
  ] as const) {
    test(`of ${perTryMs} is dropped beside a timeout_ms of ${timeoutMs}`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [hangs],
        route: policy(perTryMs, timeoutMs),
      });
      const client = await send(run);
      await run.untilAttempts(1);
      assert.equal(run.attempts[0]?.headers['x-envoy-expected-rq-timeout-ms'], expected);
      run.proxy.clock.advance(perTryMs);
      if (timeoutMs > 0) {
        assert.match(await client.until('upstream request timeout'), /^HTTP\/1\.1 504 /);
      }
      assert.equal(await run.count('upstream_rq_per_try_timeout'), 0);
      assert.equal(await run.count('upstream_rq_timeout'), timeoutMs > 0 ? 1 : 0);
      assert.equal(run.attempts.length, 1);
    });
  }

  test('begins when the request is complete', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(200)], route: policy(100, 1000) });
    const client = await send(run, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello');
    await run.untilCount('upstream_rq_active', 1);
    run.proxy.clock.advance(5000);
    client.write('world');
    await client.until('status 200');
    assert.equal(await run.count('upstream_rq_per_try_timeout'), 0);
  });

  test('does not begin any more once the response has, whenever the request ends', async (t) => {
    const run = await RetryProxy.start(t, { answers: [], route: policy(100, 1000) });
    let end = (): void => {};
    let isComplete = false;
    run.onHead = (response, request) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('first');
      end = () => response.end(' last');
      request.resume().on('end', () => {
        isComplete = true;
      });
    };
    const client = await send(run, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello');
    await client.until('first');
    client.write('world');
    await until(() => isComplete, 'the request is complete');
    run.proxy.clock.advance(999);
    assert.equal(await run.count('upstream_rq_per_try_timeout'), 0);
    end();
    await client.until('first last');
  });

  test('includes the wait for a connection', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [hangs],
      route: { ...policy(100, 1000, 'connect-failure') },
      cluster: { circuit_breakers: { default: { max_connections: 1 } } },
    });
    const first = await send(run);
    await run.untilAttempts(1);
    run.proxy.clock.advance(50);
    const second = await send(run);
    await run.untilCount('upstream_rq_pending_active', 1);
    run.proxy.clock.advance(50);
    await first.until(' 504 ');
    await run.untilAttempts(2);
    run.proxy.clock.advance(50);
    await second.until(' 504 ');
    assert.equal(await run.count('upstream_rq_pending_active'), 0);
  });

  for (const [whose, route, header] of [
    ['of the route', policy(100, 1000), ''],
    ['of the request', { timeout_ms: 1000 }, 'x-envoy-upstream-rq-per-try-timeout-ms: 100\r\n'],
  ] as const) {
    test(`${whose} means nothing once the response has begun, unlike the time for all`, async (t) => {
      const begins: Answer = (response) => {
        response.writeHead(200, { 'content-length': '10' });
        response.write('half');
      };
      const run = await RetryProxy.start(t, { answers: [begins], route });
      const client = await send(run, `GET / HTTP/1.1\r\nhost: a\r\n${header}\r\n`);
      await client.until('half');
      run.proxy.clock.advance(999);
      assert.equal(await run.count('upstream_rq_per_try_timeout'), 0);
      run.proxy.clock.advance(1);
      assert.match(await client.untilClosed(), /half$/);
      assert.equal(await run.count('upstream_rq_timeout'), 1);
    });
  }

  test('ends with the request, as does the time for all', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(200)], route: policy(100, 1000) });
    await run.proxy.send();
    run.proxy.clock.advance(1000);
    assert.equal(await run.count('upstream_rq_per_try_timeout'), 0);
    assert.equal(await run.count('upstream_rq_timeout'), 0);
  });

  test('may come with the request, and shorten that of the route', async (t) => {
    const run = await RetryProxy.start(t, { answers: [hangs], route: policy(500, 1000) });
    const client = await send(
      run,
      'GET / HTTP/1.1\r\nhost: a\r\nx-envoy-upstream-rq-per-try-timeout-ms: 50\r\n' +
        'x-envoy-upstream-rq-timeout-alt-response: 1\r\n\r\n',
    );
    await run.untilAttempts(1);
    run.proxy.clock.advance(50);
    await run.untilAttempts(2);
    assert.equal(run.attempts[0]?.headers['x-envoy-upstream-rq-per-try-timeout-ms'], undefined);
    assert.equal(run.attempts[0]?.headers['x-envoy-expected-rq-timeout-ms'], '50');
    run.proxy.clock.advance(50);
    assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 204 /);
    assert.equal(await run.count('upstream_rq_204'), 1);
  });
});

test('the time for all goes on through attempts and is never tried again', async (t) => {
  const run = await RetryProxy.start(t, {
    answers: [hangs],
    route: {
      timeout_ms: 250,
      retry_policy: { retry_on: '5xx', per_try_timeout_ms: 100, num_retries: 9 },
    },
  });
  const client = await send(run);
  for (let i = 1; i <= 2; i++) {
    await run.untilAttempts(i);
    run.proxy.clock.advance(100);
  }
  await run.untilAttempts(3);
  run.proxy.clock.advance(50);
  assert.match(await client.until('upstream request timeout'), /^HTTP\/1\.1 504 /);
  assert.equal(run.attempts.length, 3);
  assert.equal(await run.count('upstream_rq_timeout'), 1);
  assert.equal(await run.count('upstream_rq_retry'), 2);
});
