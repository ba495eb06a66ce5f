import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { HangingHost } from '../support/hanging-host.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

/** Fails unless the one request of the proxy was charged to its client. */
async function assertChargedToClient(proxy: TestProxy, code: number): Promise<void> {
  await proxy.untilStat('downstream_rq_active', 0);
  const stats = await proxy.stats();
  const named = (name: string): number | undefined => stats.get(`http.ingress_http.${name}`);
  assert.equal(named('downstream_rq_rx_reset'), 1);
  assert.equal(named('downstream_rq_tx_reset'), 0);
  assert.equal(named('downstream_rq_5xx'), 0);
  assert.equal(stats.get('cluster.app.upstream_rq_5xx') ?? 0, 0);
  assert.equal(stats.get('cluster.app.upstream_rq_active'), 0);
  assert.equal(stats.get('cluster.app.upstream_rq_pending_active'), 0);
  assert.equal(await proxy.loggedResult(), `${code} -`);
}

test('cancels an attempt that is not yet connected when its client leaves', async (t) => {
  const host = await HangingHost.start();
  const proxy = await TestProxy.start(t, {
    config: { clusters: [staticCluster('app', [host.url])] },
  });
  t.after(() => host.close());
  const client = await proxy.connect();
  client.write(get);
  await proxy.untilStat('downstream_rq_active', 1);
  client.socket.destroy();
  await assertChargedToClient(proxy, 0);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_cancelled'), 1);
});

for (const how of ['destroy', 'resetAndDestroy'] as const) {
  test(`cancels an attempt that waits for its response (client: ${how})`, async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    const proxy = await TestProxy.start(t, { upstream });
    const client = await proxy.connect();
    client.write(get);
    await until(() => upstream.requests.length === 1, 'the host has the request');
    client.socket[how]();
    await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
    await assertChargedToClient(proxy, 0);
    assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_tx_reset'), 1);
  });
}

test('cancels an attempt in the middle of its response', async (t) => {
  let response: ServerResponse | undefined;
  const upstream = await FakeUpstream.start((_request, fresh) => {
    response = fresh;
    fresh.write('begun');
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get);
  await client.until('begun');
  client.socket.destroy();
  await until(() => response?.destroyed === true, 'the host sees its connection close');
  await assertChargedToClient(proxy, 200);
});

test('cancels an attempt whose response the client has not read', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    const block = Buffer.alloc(64 * 1024);
    const writeOn = (): void => {
      while (!response.destroyed && response.write(block)) {
        // As much as the connection takes.
      }
    };
    response.on('drain', writeOn);
    writeOn();
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.socket.pause();
  client.write(get);
  const paused = 'cluster.app.upstream_flow_control_paused_reading_total';
  await until(() => upstream.requests.length === 1, 'the host has the request');
  while ((await proxy.stats()).get(paused) === 0) {
    // Not yet full.
  }
  client.socket.resetAndDestroy();
  await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
  await assertChargedToClient(proxy, 200);
});

test('cancels an attempt in the middle of its request', async (t) => {
  const upstream = await FakeUpstream.start((request) => request.resume());
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf');
  await until(() => upstream.requests.length === 1, 'the host has the head');
  client.socket.destroy();
  await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
  await assertChargedToClient(proxy, 0);
});

test('cancels an attempt in the middle of a chunked request', async (t) => {
  const upstream = await FakeUpstream.start((request) => request.resume());
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(
    'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n5\r\n',
  );
  await until(() => upstream.requests.length === 1, 'the host has the head');
  client.socket.end();
  await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
  await assertChargedToClient(proxy, 0);
});

test('serves others while clients come and go', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    if (request.url === '/served') {
      response.end('served');
    }
  });
  const proxy = await TestProxy.start(t, { upstream });
  for (let round = 0; round < 20; round++) {
    const client = await proxy.connect();
    client.write(get);
    if (round % 2 === 0) {
      await until(() => upstream.requests.length > round, 'the host has the request');
    }
    client.socket[round % 3 === 0 ? 'resetAndDestroy' : 'destroy']();
    assert.equal((await proxy.send({ path: '/served' })).text, 'served');
  }
  await proxy.untilStat('downstream_rq_active', 0);
  assert.equal(await proxy.stat('downstream_rq_2xx'), 20);
  assert.equal(await proxy.stat('downstream_rq_5xx'), 0);
});
