import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createSidecar } from '../../lib/sidecar.js';
import type { BreakerOptions } from '../../lib/upstream/breaker/breaker-options.js';
import {
  breaker,
  breakerState,
  halfOpen,
  isRefused,
  sendMany,
  startBreakerProxy,
} from '../support/breaker-proxy.js';
import { assertCountedOnce } from '../support/cluster-counts.js';
import { clusterLines } from '../support/cluster-lines.js';
import { buildConfig, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { hangs, RetryProxy, retryOn, status } from '../support/retry-proxy.js';
import { until } from '../support/until.js';
import {
  closeWebSocket,
  openWebSocket,
  startEcho,
  startWebSocketProxy,
} from '../support/websocket-fixture.js';

describe('a breaker', () => {
  test('opens, refuses, lets a probe through, and closes', async (t) => {
    const run = await startBreakerProxy(t, { answers: [status(500)] });
    assert.equal(await breakerState(run), 'closed');
    const before = await sendMany(run, 4);
    assert.deepEqual(
      before.map(({ status: code }) => code),
      [500, 500, 500, 500],
    );
    assert.equal(await breakerState(run), 'open');
    assert.equal(await run.count('breaker.open'), 1);
    const refused = await sendMany(run, 3);
    assert.ok(refused.every(isRefused));
    assert.equal(run.attempts.length, 4);
    assert.equal(await run.count('breaker.rejected'), 3);
    assert.equal(await run.count('upstream_rq_503'), 3);
    run.proxy.clock.advance(4999);
    assert.ok((await sendMany(run, 1)).every(isRefused));
    run.proxy.clock.advance(1);
    assert.equal(await run.count('breaker.half_open'), 1);
    run.answers = [status(200)];
    const after = await sendMany(run, 3);
    assert.deepEqual(
      after.map(({ status: code }) => code),
      [200, 200, 200],
    );
    assert.equal(await breakerState(run), 'closed');
    for (const [name, value] of [
      ['opened', 1],
      ['half_opened', 1],
      ['closed', 1],
      ['probes', 1],
      ['open', 0],
      ['half_open', 0],
      ['probes_active', 0],
    ] as const) {
      assert.equal(await run.count(`breaker.${name}`), value, name);
    }
    await assertCountedOnce(run.proxy, 'app', 11);
  });

  test('logs what it refuses with UO', async (t) => {
    const run = await startBreakerProxy(t, { answers: [status(500)] });
    await sendMany(run, 5);
    const lines = await run.proxy.logLines(5);
    assert.match(lines.at(-1) ?? '', /" 503 UO 0 20 /);
  });

  test('opens again if the probe fails', async (t) => {
    const run = await startBreakerProxy(t, { answers: [status(500)] });
    await halfOpen(run);
    const [probe, refused] = await sendMany(run, 2);
    assert.equal(probe?.status, 500);
    assert.ok(refused !== undefined && isRefused(refused));
    assert.equal(await breakerState(run), 'open');
  });

  test('is shared by all hosts, and by requests from outside and calls of the application', async (t) => {
    const run = await startBreakerProxy(t, { hosts: 3, answers: [status(500)] });
    for (let i = 0; i < 2; i++) {
      await run.proxy.send();
      await (await run.proxy.sidecar.request('http://app/')).body.text();
    }
    assert.ok((await sendMany(run, 1)).every(isRefused));
    const call = await run.proxy.sidecar.request('http://app/');
    assert.equal(call.statusCode, 503);
    assert.equal(call.headers['x-envoy-overloaded'], 'true');
    assert.equal(await call.body.text(), 'circuit breaker open');
    assert.equal(run.attempts.length, 4);
  });

  test('never touches what is under way', async (t) => {
    const run = await startBreakerProxy(t, { answers: [hangs, status(500)] });
    const held: (() => void)[] = [];
    run.answers = [
      (response, request) => held.push(() => status(200)(response, request)),
      status(500),
    ];
    const first = run.proxy.send();
    await run.untilAttempts(1);
    await sendMany(run, 4);
    assert.equal(await breakerState(run), 'open');
    held[0]?.();
    assert.equal((await first).status, 200);
    assert.equal(await breakerState(run), 'open');
  });
});

describe('retries', () => {
  test('every attempt counts, and an attempt that is refused is the last', async (t) => {
    const run = await startBreakerProxy(t, {
      answers: [status(500)],
      route: retryOn('5xx', { num_retries: 10 }),
    });
    const response = await run.proxy.send();
    assert.ok(isRefused(response));
    assert.equal(run.attempts.length, 4);
    assert.equal(await run.count('upstream_rq_retry'), 4);
    assert.equal(await run.count('breaker.rejected'), 1);
    assert.equal(await run.proxy.loggedResult(), '503 UO');
  });

  test('a request that is refused at once is not tried again', async (t) => {
    const run = await startBreakerProxy(t, {
      answers: [status(500)],
      route: retryOn('5xx,gateway-error', { num_retries: 3 }),
    });
    await sendMany(run, 1);
    const retries = await run.count('upstream_rq_retry');
    assert.ok(isRefused(await run.proxy.send()));
    assert.equal(await run.count('upstream_rq_retry'), retries);
    assert.equal(await run.count('breaker.rejected'), 1);
  });

  test('a probe that is tried again keeps to the slots', async (t) => {
    const run = await startBreakerProxy(t, { answers: [status(500)], route: retryOn('5xx') });
    await halfOpenByRetries(run);
    const response = await run.proxy.send();
    assert.ok(isRefused(response), 'the first attempt has opened it');
    assert.equal(await run.count('breaker.probes'), 1);
    assert.equal(await run.count('breaker.probes_active'), 0);
  });
});

/** Each request is two results. */
async function halfOpenByRetries(run: RetryProxy): Promise<void> {
  await sendMany(run, 2);
  assert.equal(await breakerState(run), 'open');
  run.proxy.clock.advance(5000);
}

describe('the option', () => {
  test('"*" is for all clusters that are not named, each with its own breaker', async (t) => {
    const other = await FakeUpstream.start();
    t.after(() => other.close());
    const run = await RetryProxy.start(t, {
      answers: [status(500)],
      moreClusters: [staticCluster('other', [other.url])],
      options: {
        breakers: { '*': breaker, other: { ...breaker, errorThresholdPercentage: 90 } },
        outbound: { listeners: [] },
      },
    });
    await sendMany(run, 4);
    const lines = await clusterLines(run.proxy);
    assert.equal(lines.get('app::breaker::state'), 'open');
    assert.equal(lines.get('other::breaker::state'), 'closed');
    const call = await run.proxy.sidecar.request('http://other/');
    await call.body.text();
    assert.equal(call.statusCode, 200);
  });

  test('other clusters have none: no line, no statistics', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(500)] });
    await sendMany(run, 30);
    assert.equal(await breakerState(run), undefined);
    assert.ok(![...(await run.proxy.stats()).keys()].some((name) => name.includes('breaker.')));
  });

  test('a wrong option is refused, and says how to mend it', async () => {
    const config = buildConfig({ clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] });
    for (const [breakers, message] of [
      [{ orders: {} }, /names the cluster "orders", but the clusters are: app/],
      [
        { app: { errorThreshold: 50 } },
        /unknown option "breakers\["app"\]\.errorThreshold"; there/,
      ],
      [{ app: { resetTimeout: -1 } }, /breakers\["app"\]\.resetTimeout is -1, expected a whole/],
    ] as const) {
      await assert.rejects(
        // What JavaScript callers may pass.
        createSidecar({ config, breakers: breakers as Record<string, BreakerOptions> }),
        { code: 'SIDECAR_OPTION_INVALID', message },
      );
    }
  });
});

test('copies of requests are not sent where a breaker is open', async (t) => {
  const copied = await FakeUpstream.start(serverError);
  t.after(() => copied.close());
  const run = await startBreakerProxy(
    t,
    {
      answers: [status(200)],
      route: { shadow: { cluster: 'copies' } },
      moreClusters: [staticCluster('copies', [copied.url])],
    },
    { copies: breaker },
  );
  for (let i = 1; i <= 4; i++) {
    await run.proxy.send();
    for (let k = 0; k < 500 && (await run.count('upstream_rq_500', 'copies')) < i; k++) {
      // Nobody waits for a copy.
    }
  }
  await sendMany(run, 3);
  assert.equal(copied.requests.length, 4);
  assert.equal(await run.count('breaker.rejected', 'copies'), 3);
});

test('WebSocket handshakes are counted and refused as requests are', async (t) => {
  const echo = await startEcho();
  const proxy = await startWebSocketProxy(t, echo.raw, {
    route: { timeout_ms: 1000 },
    options: { breakers: { app: breaker } },
  });
  await closeWebSocket(await openWebSocket(proxy.port));
  const headers = { connection: 'Upgrade', upgrade: 'websocket' };
  echo.raw.handler = (socket) => socket.destroy();
  assert.equal((await proxy.send({ headers })).status, 503);
  echo.raw.handler = answerNo;
  assert.equal((await proxy.send({ headers })).status, 500);
  let isReached = false;
  echo.raw.handler = (socket) =>
    socket.once('data', () => {
      isReached = true;
    });
  const late = proxy.send({ headers });
  await until(() => isReached, 'the handshake is there');
  proxy.clock.advance(1000);
  assert.equal((await late).status, 504);
  assert.equal((await proxy.stats()).get('cluster.app.breaker.opened'), 1);
  assert.ok(isRefused(await proxy.send({ headers })));
});

function answerNo(socket: Socket): void {
  socket.once('data', () => socket.end('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n'));
}

function serverError(_request: IncomingMessage, response: ServerResponse): void {
  response.statusCode = 500;
  response.end();
}
