import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { staticCluster } from '../support/config-builder.js';
import { type Answer, RetryProxy, retryOn, status } from '../support/retry-proxy.js';

describe('never tried again', () => {
  test('is the response of an overloaded host', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503, { 'x-envoy-overloaded': 'whatever' })],
      route: retryOn('5xx'),
    });
    assert.equal((await run.proxy.send()).status, 503);
    assert.equal(run.attempts.length, 1);
  });

  test('is what the circuit breaker refuses', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(200)],
      route: retryOn('5xx,connect-failure'),
      cluster: { circuit_breakers: { default: { max_pending_requests: 0 } } },
    });
    const response = await run.proxy.send();
    assert.equal(response.headers['x-envoy-overloaded'], 'true');
    assert.equal(await run.count('upstream_rq_pending_overflow'), 1);
    assert.equal(await run.count('upstream_rq_retry'), 0);
  });

  test('is what breaks off after the head of its response', async (t) => {
    const breaksOff: Answer = (response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
      setImmediate(() => response.destroy());
    };
    const run = await RetryProxy.start(t, { answers: [breaksOff], route: retryOn('5xx') });
    await assert.rejects(run.proxy.send());
    assert.equal(run.attempts.length, 1);
  });

  test('is a request that has not been received completely', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(200)], route: retryOn('5xx') });
    const client = await run.proxy.connect();
    const early = new Promise<void>((resolve) => {
      run.onHead = (response) => {
        response.writeHead(503);
        response.end();
        resolve();
      };
    });
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello');
    await early;
    assert.match(await client.untilClosed(), /^HTTP\/1\.1 503 /);
    assert.equal(await run.count('upstream_rq_retry'), 0);
  });

  test('is a body beyond the limit of the listener, which goes on and is counted', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(200)],
      route: retryOn('5xx'),
      listener: { per_connection_buffer_limit_bytes: 1000 },
    });
    for (const [size, attempts, abandoned] of [
      [1000, 2, 0],
      [1001, 1, 1],
    ] as const) {
      run.attempts.length = 0;
      const body = 'x'.repeat(size);
      const response = await run.proxy.send({ method: 'POST', body });
      assert.equal(response.status, attempts === 2 ? 200 : 503);
      assert.deepEqual(
        run.attempts.map((attempt) => attempt.body.length),
        Array(attempts).fill(size),
      );
      assert.equal(await run.count('retry_or_shadow_abandoned'), abandoned);
    }
  });

  test('is a WebSocket handshake, of which no copy is sent either', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503)],
      route: { ...retryOn('5xx'), use_websocket: true, shadow: { cluster: 'next' } },
      moreClusters: [staticCluster('next', ['tcp://127.0.0.1:1'])],
    });
    const client = await run.proxy.connect();
    client.write(
      'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    assert.match(await client.untilClosed(), /^HTTP\/1\.1 503 /);
    assert.equal(run.attempts.length, 1);
    assert.equal(await run.count('upstream_rq_retry'), 0);
    assert.equal(await run.count('upstream_cx_total', 'next'), 0);
  });

  test('is what the runtime keeps back', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(503)], route: retryOn('5xx') });
    run.proxy.sidecar.runtime.set('upstream.use_retry', '0');
    await run.proxy.send();
    assert.equal(run.attempts.length, 1);
    assert.equal(await run.count('upstream_rq_retry'), 0);
  });
});
