import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { clusterLines } from '../support/cluster-lines.js';
import { type Json, staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeUpstream, RawUpstream, unusedPort } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { dies, hangs, RetryProxy, retryOn, status } from '../support/retry-proxy.js';
import { startWebSocketProxy } from '../support/websocket-fixture.js';

const prefix = 'outlier_detection.';
const detected = `${prefix}ejections_detected_consecutive_5xx`;

/** A cluster that detects a host by so many errors in a row. */
const errorsInRow = (count: number, more: Json = {}): Json => ({
  outlier_detection: { consecutive_5xx: count, ...more },
});

/** Sends so many requests, one after the other; returns their statuses. */
async function sendMany(run: RetryProxy, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) {
    statuses.push((await run.proxy.send()).status);
  }
  return statuses;
}

/** Sends a request that its route gives up after so long. */
async function timeOut(run: RetryProxy, timeoutMs: number, headers = ''): Promise<string> {
  const before = run.attempts.length;
  const client = await run.proxy.connect();
  client.write(`GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${headers}\r\n`);
  await run.untilAttempts(before + 1);
  run.proxy.clock.advance(timeoutMs);
  return client.untilClosed();
}

describe('consecutive_5xx', () => {
  test('a host is ejected, gets no requests, and is back after its time', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 2,
      answers: [status(200), status(500), status(200), status(500), status(200)],
      cluster: errorsInRow(2, { interval_ms: 1000, base_ejection_time_ms: 2500 }),
    });
    await sendMany(run, 6);
    const bad = run.hosts[1];
    assert.equal(run.hosts[3], bad);
    assert.deepEqual(run.hosts.slice(4), [1 - (bad ?? 0), 1 - (bad ?? 0)]);
    assert.equal(await run.count('membership_healthy'), 1);
    assert.equal(await run.count(`${prefix}ejections_active`), 1);
    const flags = [...(await clusterLines(run.proxy))].filter(([name]) =>
      name.endsWith('::health_flags'),
    );
    assert.deepEqual(flags.map(([, value]) => value).sort(), ['/failed_outlier_check', 'healthy']);
    run.proxy.clock.advance(2999);
    assert.equal(await run.count('membership_healthy'), 1);
    run.proxy.clock.advance(1);
    assert.equal(await run.count('membership_healthy'), 2);
    const seen = run.attempts.length;
    await sendMany(run, 4);
    assert.equal(run.hosts.slice(seen).filter((host) => host === bad).length, 2);
  });

  test('connections to an ejected host are closed', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 2,
      answers: [status(200), status(200), status(500), status(200)],
      cluster: errorsInRow(1),
    });
    await sendMany(run, 2);
    assert.equal(run.connectionCount, 2);
    await sendMany(run, 2);
    await run.untilCount('upstream_cx_active', 1);
  });

  test('with all hosts ejected requests go on to all of them', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 2,
      answers: [status(500)],
      cluster: errorsInRow(1, { max_ejection_percent: 100 }),
    });
    await sendMany(run, 6);
    assert.equal(await run.count(`${prefix}ejections_active`), 2);
    assert.deepEqual(new Set(run.hosts.slice(2)), new Set([0, 1]));
    assert.equal(await run.count('lb_healthy_panic'), 4);
  });

  test('max_ejection_percent: no more hosts are ejected', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 3,
      answers: [status(500)],
      cluster: errorsInRow(1, { max_ejection_percent: 33 }),
    });
    await sendMany(run, 3);
    assert.equal(await run.count(`${prefix}ejections_active`), 1);
    assert.equal(await run.count(`${prefix}ejections_overflow`), 2);
  });

  test('enforcing_consecutive_5xx: of 0 detects without ejecting', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 2,
      answers: [status(500)],
      cluster: errorsInRow(1, { enforcing_consecutive_5xx: 0 }),
    });
    await sendMany(run, 2);
    assert.equal(await run.count(detected), 2);
    assert.equal(await run.count(`${prefix}ejections_active`), 0);
  });
});

test('consecutive_gateway_failure: ejects where enforcing_consecutive_gateway_failure says so', async (t) => {
  for (const percent of [0, 100]) {
    const run = await RetryProxy.start(t, {
      hosts: 2,
      answers: [status(500), status(500), status(502)],
      cluster: {
        outlier_detection: {
          consecutive_gateway_failure: 1,
          enforcing_consecutive_gateway_failure: percent,
        },
      },
    });
    await sendMany(run, 4);
    assert.equal(await run.count(`${prefix}ejections_detected_consecutive_gateway_failure`), 2);
    assert.equal(await run.count(`${prefix}ejections_active`), percent === 0 ? 0 : 1);
  }
});

describe('what counts as an error of a host', () => {
  for (const [what, answer, errors] of [
    ['status 500', status(500), 1],
    ['status 599', status(599), 1],
    ['status 404', status(404), 0],
    ['no response', dies, 1],
  ] as const) {
    test(`${what}: ${errors}`, async (t) => {
      const run = await RetryProxy.start(t, { answers: [answer], cluster: errorsInRow(1) });
      await run.proxy.send();
      assert.equal(await run.count(detected), errors);
    });
  }

  test('a connection that is refused: 1', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 0,
      firstHosts: [`tcp://127.0.0.1:${await unusedPort()}`],
      answers: [],
      cluster: errorsInRow(1),
    });
    assert.equal((await run.proxy.send()).status, 503);
    assert.equal(await run.count(detected), 1);
  });

  test('a response that breaks off: 1, after what its head was', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [
        (response) => {
          response.writeHead(200, { 'content-length': 10 });
          response.write('half');
          setImmediate(() => response.destroy());
        },
      ],
      cluster: errorsInRow(1),
    });
    await assert.rejects(run.proxy.send());
    await run.untilCount(detected, 1);
  });

  for (const [header, errors] of [
    ['', 1],
    ['x-envoy-upstream-rq-timeout-alt-response: 1\r\n', 0],
  ] as const) {
    test(`the time-out of the route ${header === '' ? '' : 'that is answered by 204'}: ${errors}`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [hangs],
        cluster: errorsInRow(1),
        route: { timeout_ms: 1000 },
      });
      assert.match(await timeOut(run, 1000, header), errors === 1 ? / 504 / : / 204 /);
      assert.equal(await run.count(detected), errors);
    });
  }

  test('an attempt that takes too long, and one that is thrown away for a retry: 1 each', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [hangs, status(503), status(200)],
      cluster: errorsInRow(2),
      route: retryOn('5xx', { num_retries: 2, per_try_timeout_ms: 100 }),
    });
    assert.match(await timeOut(run, 100), / 200 /);
    assert.equal(run.attempts.length, 3);
    assert.equal(await run.count(detected), 1);
  });

  test('an attempt that goes on while another one races it: 1, whatever comes of it', async (t) => {
    const held: (() => void)[] = [];
    const run = await RetryProxy.start(t, {
      answers: [(response, request) => held.push(() => status(200)(response, request)), hangs],
      cluster: errorsInRow(3),
      route: retryOn('5xx', { per_try_timeout_ms: 100 }),
      options: { hedgeOnPerTryTimeout: true },
    });
    const client = await run.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await run.untilAttempts(1);
    run.proxy.clock.advance(100);
    await run.untilAttempts(2);
    held[0]?.();
    await client.until('status 200');
    // Its 200 would have begun the count anew. This one is tried twice.
    run.answers = [status(500)];
    await run.proxy.send();
    assert.equal(await run.count(detected), 1);
  });

  test('a client that leaves: nothing, good or bad', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(500), hangs, status(500)],
      cluster: errorsInRow(2),
    });
    await run.proxy.send();
    const client = await run.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await run.untilAttempts(2);
    client.socket.destroy();
    await run.untilCount('upstream_rq_active', 0);
    assert.equal(await run.count(detected), 0);
    await run.proxy.send();
    assert.equal(await run.count(detected), 1);
  });

  test('what our own limits refuse: nothing', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(200)],
      cluster: { ...errorsInRow(1), circuit_breakers: { default: { max_pending_requests: 0 } } },
    });
    assert.equal((await run.proxy.send()).status, 503);
    assert.equal(await run.count(detected), 0);
  });

  test('a connection that was merely stale: nothing, if the request is sent again', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(200), dies, status(200)],
      cluster: errorsInRow(1),
    });
    assert.deepEqual(await sendMany(run, 2), [200, 200]);
    assert.equal(await run.count('upstream_rq_reused_cx_resend'), 1);
    assert.equal(await run.count(detected), 0);
  });

  test('a request that waits for a connection too long: nothing', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [hangs],
      cluster: { ...errorsInRow(2), circuit_breakers: { default: { max_connections: 1 } } },
      route: { timeout_ms: 1000 },
    });
    const clients = [await run.proxy.connect(), await run.proxy.connect()];
    for (const [index, client] of clients.entries()) {
      client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
      await run.proxy.untilStat('downstream_rq_active', index + 1);
    }
    await run.untilAttempts(1);
    run.proxy.clock.advance(1000);
    await Promise.all(clients.map((client) => client.untilClosed()));
    assert.equal(await run.count('upstream_rq_timeout'), 2);
    assert.equal(await run.count(detected), 0);
  });
});

test('copies of requests count for the hosts that get them', async (t) => {
  const copied = await FakeUpstream.start(status500);
  t.after(() => copied.close());
  const run = await RetryProxy.start(t, {
    answers: [status(200)],
    route: { shadow: { cluster: 'copies' } },
    moreClusters: [staticCluster('copies', [copied.url], errorsInRow(1))],
  });
  await run.proxy.send();
  let count = 0;
  for (let i = 0; i < 500 && count === 0; i++) {
    count = await run.count(detected, 'copies');
  }
  assert.equal(count, 1);
});

test('requests of the discovery of hosts count for the discovery service', async (t) => {
  const service = await FakeUpstream.start(status500);
  const proxy = await TestProxy.start(t, {
    upstream: service,
    config: {
      clusters: [
        {
          name: 'app',
          type: 'sds',
          service_name: 'app',
          connect_timeout_ms: 250,
          lb_type: 'round_robin',
        },
      ],
      virtualHosts: [virtualHost(['*'], 'app')],
      sds: {
        cluster: staticCluster('discovery', [service.url], errorsInRow(1)),
        refresh_delay_ms: 1000,
      },
    },
  });
  const stats = await proxy.stats();
  assert.equal(stats.get(`cluster.discovery.${detected}`), 1);
});

test('a WebSocket counts by its connection: 200 if there is one, whatever the host answers', async (t) => {
  const upstream = await RawUpstream.start((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n'));
  });
  const proxy = await startWebSocketProxy(t, upstream, { cluster: errorsInRow(1) });
  const headers = { connection: 'Upgrade', upgrade: 'websocket' };
  assert.equal((await proxy.send({ headers })).status, 500);
  const name = `cluster.app.${detected}`;
  assert.equal((await proxy.stats()).get(name), 0);
  await upstream.close();
  assert.equal((await proxy.send({ headers })).status, 503);
  assert.equal((await proxy.stats()).get(name), 1);
});

test('calls of the application and requests from outside are judged together', async (t) => {
  const run = await RetryProxy.start(t, { answers: [status(500)], cluster: errorsInRow(2) });
  await run.proxy.send();
  const response = await run.proxy.sidecar.request('http://app/');
  assert.equal(response.statusCode, 500);
  await response.body.text();
  assert.equal(await run.count(detected), 1);
});

test('outlier_detection.* of the runtime take the place of what is configured', async (t) => {
  const run = await RetryProxy.start(t, {
    hosts: 2,
    answers: [status(500)],
    cluster: { outlier_detection: {} },
  });
  await sendMany(run, 2);
  assert.equal(await run.count(detected), 0);
  run.proxy.sidecar.runtime.set('outlier_detection.consecutive_5xx', 2);
  run.proxy.sidecar.runtime.set('outlier_detection.max_ejection_percent', 0);
  await sendMany(run, 2);
  assert.equal(await run.count(detected), 2);
  assert.equal(await run.count(`${prefix}ejections_overflow`), 2);
});

test('a cluster without outlier_detection has no statistics of it, and ejects nobody', async (t) => {
  const run = await RetryProxy.start(t, { hosts: 2, answers: [status(500)] });
  await sendMany(run, 20);
  assert.equal(await run.count('membership_healthy'), 2);
  const names = [...(await run.proxy.stats()).keys()];
  assert.deepEqual(
    names.filter((name) => name.includes('outlier')),
    [],
  );
  const lines = await clusterLines(run.proxy);
  assert.equal(lines.has('app::outlier::success_rate_average'), false);
});

function status500(_request: IncomingMessage, response: ServerResponse): void {
  response.statusCode = 500;
  response.end();
}
