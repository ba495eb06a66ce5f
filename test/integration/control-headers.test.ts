import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hangs, RetryProxy, status } from '../support/retry-proxy.js';
import type { WireClient } from '../support/wire-client.js';

/** Sends a GET with these headers, and waits until an attempt has come. */
async function sendWith(run: RetryProxy, headers: Record<string, string>): Promise<WireClient> {
  const client = await run.proxy.connect();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  client.write(`GET / HTTP/1.1\r\nhost: a\r\n${lines.join('')}\r\n`);
  await run.untilAttempts(1);
  return client;
}

describe('x-envoy-upstream-alt-stat-name', () => {
  const name = 'x-envoy-upstream-alt-stat-name';

  test('counts the response of a host a second time, and is not forwarded', async (t) => {
    const canary = { 'x-envoy-upstream-canary': 'true' };
    const run = await RetryProxy.start(t, { answers: [status(201, canary), status(404)] });
    await run.proxy.send({ headers: { [name]: 'search' } });
    await run.proxy.send();
    for (const part of ['', 'internal.', 'canary.']) {
      assert.equal(await run.count(`search.${part}upstream_rq_201`), 1, part);
      assert.equal(await run.count(`search.${part}upstream_rq_2xx`), 1, part);
    }
    assert.equal(await run.count('upstream_rq_201'), 1);
    assert.equal(await run.count('search.upstream_rq_404'), 0);
    assert.equal(await run.count('search.external.upstream_rq_201'), 0);
    assert.deepEqual(
      run.attempts.map(({ headers }) => headers[name]),
      [undefined, undefined],
    );
  });

  test('counts what the router answers for want of a response', async (t) => {
    const run = await RetryProxy.start(t, { answers: [hangs], route: { timeout_ms: 100 } });
    const client = await sendWith(run, { [name]: 'search' });
    run.proxy.clock.advance(100);
    await client.until(' 504 ');
    assert.equal(await run.count('search.upstream_rq_504'), 1);
    run.proxy.sidecar.runtime.set('upstream.maintenance_mode.app', '100');
    await run.proxy.send({ headers: { [name]: 'search' } });
    assert.equal(await run.count('search.upstream_rq_503'), 1);
    assert.equal(await run.count('search.upstream_rq_5xx'), 2);
  });

  test('is of no effect on an external request', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(200)],
      manager: { use_remote_address: false },
    });
    await run.proxy.send({ headers: { [name]: 'search' } });
    assert.equal(await run.count('search.upstream_rq_200'), 0);
  });

  test('cannot grow the statistics without bound, nor spoil them', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(200)] });
    for (const value of ['a b', 'a\tb', 'x'.repeat(65), 'a/b', '']) {
      await run.proxy.send({ headers: { [name]: value } });
    }
    const before = (await run.proxy.stats()).size;
    for (let i = 0; i < 110; i++) {
      await run.proxy.send({ headers: { [name]: `name-${i}` } });
    }
    const added = [...(await run.proxy.stats()).keys()].filter((key) => key.includes('.name-'));
    assert.equal(new Set(added.map((key) => key.split('.')[2])).size, 100);
    assert.equal((await run.proxy.stats()).size, before + added.length);
  });
});

describe('the times that a request brings', () => {
  const perTry = 'x-envoy-upstream-rq-per-try-timeout-ms';
  const global = 'x-envoy-upstream-rq-timeout-ms';

  for (const [what, route, headers, expected, counter] of [
    ['without a policy', {}, { [perTry]: '50' }, 50, 'upstream_rq_per_try_timeout'],
    ['both', {}, { [perTry]: '50', [global]: '70' }, 50, 'upstream_rq_per_try_timeout'],
    ['a longer one', {}, { [perTry]: '80', [global]: '70' }, 70, 'upstream_rq_timeout'],
    ['one as long', {}, { [perTry]: '70', [global]: '70' }, 70, 'upstream_rq_timeout'],
    ['beside that of the route', {}, { [perTry]: '2000' }, 1000, 'upstream_rq_timeout'],
    ['no number', {}, { [perTry]: 'soon' }, 1000, 'upstream_rq_timeout'],
    ['none', {}, { [perTry]: '0' }, 1000, 'upstream_rq_timeout'],
    [
      'one that makes room for that of the route',
      { retry_policy: { retry_on: 'retriable-4xx', per_try_timeout_ms: 1500 } },
      { [global]: '2000' },
      1500,
      'upstream_rq_per_try_timeout',
    ],
    [
      'none in the place of that of the route',
      { retry_policy: { retry_on: 'retriable-4xx', per_try_timeout_ms: 500 } },
      { [perTry]: '0' },
      1000,
      'upstream_rq_timeout',
    ],
  ] as const) {
    test(`${what}: ${JSON.stringify(headers)} end it after ${expected} ms`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [hangs],
        route: { timeout_ms: 1000, ...route },
      });
      const client = await sendWith(run, headers);
      const seen = run.attempts[0]?.headers ?? {};
      assert.equal(seen['x-envoy-expected-rq-timeout-ms'], String(expected));
      assert.equal(seen[perTry], undefined);
      assert.equal(seen[global], undefined);
      run.proxy.clock.advance(expected - 1);
      await run.proxy.stats();
      assert.equal(client.received, '');
      run.proxy.clock.advance(1);
      assert.match(await client.until('upstream request timeout'), /^HTTP\/1\.1 504 /);
      assert.equal(await run.count(counter), 1);
    });
  }

  test('may be none at all, and then there is none for an attempt either', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [hangs],
      route: { timeout_ms: 1000, retry_policy: { retry_on: '5xx', per_try_timeout_ms: 100 } },
    });
    const client = await sendWith(run, { [global]: '0', [perTry]: '50' });
    assert.equal(run.attempts[0]?.headers['x-envoy-expected-rq-timeout-ms'], undefined);
    run.proxy.clock.advance(1e6);
    await run.proxy.stats();
    assert.equal(client.received, '');
    assert.equal(run.attempts.length, 1);
  });
});

test('x-envoy-upstream-service-time tells of all attempts together', async (t) => {
  const run = await RetryProxy.start(t, { answers: [hangs], route: { timeout_ms: 1000 } });
  const policy = { 'x-envoy-retry-on': '5xx', 'x-envoy-upstream-rq-per-try-timeout-ms': '100' };
  run.answers = [hangs, status(200, { 'x-envoy-upstream-service-time': '7' })];
  const client = await sendWith(run, policy);
  run.proxy.clock.advance(100);
  const text = await client.until('status 200');
  assert.equal(/x-envoy-upstream-service-time: (.*)\r\n/i.exec(text)?.[1], '100');
});
