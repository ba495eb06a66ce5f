import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, dies, RetryProxy, retryOn, status } from '../support/retry-proxy.js';

const grpc = (code: number): Answer => status(200, { 'grpc-status': String(code) });

const conditions: readonly (readonly [string, readonly Answer[], readonly Answer[]])[] = [
  ['5xx', [status(500), status(503), status(599), dies], [status(499), status(409), grpc(14)]],
  [
    'gateway-error',
    [status(502), status(503), status(504), dies],
    [status(500), status(501), status(505), status(409)],
  ],
  ['connect-failure', [], [status(503), dies, status(409)]],
  ['retriable-4xx', [status(409)], [status(404), status(429), status(503), dies]],
  ['refused-stream', [], [status(503), dies, status(409)]],
  ['cancelled', [grpc(1)], [grpc(4), grpc(14), grpc(0), status(503), dies]],
  ['deadline-exceeded', [grpc(4)], [grpc(1), grpc(8), status(504)]],
  ['resource-exhausted', [grpc(8)], [grpc(14), grpc(2), status(503)]],
  ['unavailable', [grpc(14)], [grpc(8), grpc(1), status(503)]],
];

describe('a result is tried again if a condition of the route names it', () => {
  for (const [name, positive, negative] of conditions) {
    test(name, async (t) => {
      const run = await RetryProxy.start(t, { answers: [], route: retryOn(` x , ${name} ,y`) });
      for (const [answers, expected] of [
        [positive, 2],
        [negative, 1],
      ] as const) {
        for (const first of answers) {
          run.attempts.length = 0;
          run.answers = [first, status(201)];
          const response = await run.proxy.send({ method: 'POST' });
          assert.equal(run.attempts.length, expected, `${name}: ${first}`);
          assert.equal(response.status === 201, expected === 2);
        }
      }
      assert.equal(await run.count('upstream_rq_retry'), positive.length);
      assert.equal(await run.count('upstream_rq_retry_success'), positive.length);
    });
  }

  test('connect-failure, and 5xx and gateway-error as well', async (t) => {
    for (const name of ['connect-failure', '5xx', 'gateway-error', 'retriable-4xx']) {
      const run = await RetryProxy.start(t, {
        // The balancer begins with the second host.
        firstHosts: ['tcp://127.0.0.1:1'],
        answers: [status(200)],
        route: retryOn(name),
      });
      await run.proxy.send();
      const { status: code } = await run.proxy.send();
      assert.equal(code, name === 'retriable-4xx' ? 503 : 200, name);
    }
  });
});

describe('the headers of a request', () => {
  for (const [name, positive, negative] of conditions) {
    const isGrpc = ['cancelled', 'deadline-exceeded', 'resource-exhausted', 'unavailable'];
    const header = isGrpc.includes(name) ? 'x-envoy-retry-grpc-on' : 'x-envoy-retry-on';
    const other = isGrpc.includes(name) ? 'x-envoy-retry-on' : 'x-envoy-retry-grpc-on';
    test(`${header}: ${name} asks for it without a policy on the route`, async (t) => {
      const run = await RetryProxy.start(t, { answers: [] });
      const attemptsWith = async (first: Answer, headers: Record<string, string>) => {
        run.attempts.length = 0;
        run.answers = [first, status(200)];
        // Not one of the methods that are sent again when a reused connection dies.
        await run.proxy.send({ method: 'POST', headers });
        assert.equal(run.attempts[0]?.headers[header], undefined, 'it is not forwarded');
        return run.attempts.length;
      };
      for (const first of positive) {
        assert.equal(await attemptsWith(first, { [header]: name }), 2);
        assert.equal(await attemptsWith(first, { [other]: name }), 1);
        assert.equal(await attemptsWith(first, {}), 1);
      }
      for (const first of negative) {
        assert.equal(await attemptsWith(first, { [header]: name }), 1);
      }
    });
  }

  test('are of no effect on an external request', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503)],
      manager: { use_remote_address: false },
    });
    await run.proxy.send({ headers: { 'x-envoy-retry-on': '5xx' } });
    assert.equal(run.attempts.length, 1);
  });

  test('are united with the policy: all conditions, and the larger number', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(409), grpc(1), status(200)],
      route: retryOn('5xx', { num_retries: 2 }),
    });
    const headers = {
      'x-envoy-retry-on': 'retriable-4xx',
      'x-envoy-retry-grpc-on': 'cancelled',
      'x-envoy-max-retries': '3',
    };
    assert.equal((await run.proxy.send({ headers })).text, 'status 200');
    assert.equal(run.attempts.length, 4);
  });

  for (const [route, headers, attempts] of [
    [{}, { 'x-envoy-retry-on': '5xx' }, 2],
    [{}, { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '4' }, 5],
    [{}, { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': 'four' }, 2],
    [{}, { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '0' }, 1],
    [{}, { 'x-envoy-retry-on': 'sometimes', 'x-envoy-max-retries': '4' }, 1],
    [{}, { 'x-envoy-max-retries': '4' }, 1],
    [retryOn('5xx'), {}, 2],
    [retryOn('5xx', { num_retries: 0 }), {}, 1],
    [retryOn('5xx', { num_retries: 3 }), {}, 4],
    [retryOn('5xx', { num_retries: 3 }), { 'x-envoy-max-retries': '4' }, 4],
    [retryOn('5xx', { num_retries: 3 }), { 'x-envoy-retry-on': '5xx' }, 4],
    [retryOn('5xx', { num_retries: 0 }), { 'x-envoy-retry-on': '5xx' }, 2],
  ] as const) {
    test(`${JSON.stringify([route, headers])} make ${attempts} attempts`, async (t) => {
      const run = await RetryProxy.start(t, { answers: [status(503)], route });
      const response = await run.proxy.send({ headers });
      assert.equal(response.status, 503);
      assert.equal(response.text, 'status 503', 'the last response is the answer');
      assert.equal(run.attempts.length, attempts);
      assert.equal(await run.count('upstream_rq_retry'), attempts - 1);
      assert.equal(await run.count('upstream_rq_retry_success'), 0);
      assert.equal(await run.count('retry.upstream_rq_503'), attempts - 1);
      assert.equal(await run.count('upstream_rq_503'), 1);
    });
  }
});
