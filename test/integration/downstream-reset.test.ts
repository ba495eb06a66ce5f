import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import { staticCluster } from '../support/config-builder.js';
import { type RawHandler, RawUpstream } from '../support/fake-upstream.js';
import { HangingHost } from '../support/hanging-host.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import { always, ok } from '../support/upstream-scripts.js';
import type { WireClient } from '../support/wire-client.js';

/** The two ways in which a client goes away: with a FIN and with a RST. */
const ends: readonly (readonly [how: string, leave: (client: WireClient) => void])[] = [
  ['closes', (client) => client.socket.end()],
  ['resets', (client) => client.socket.resetAndDestroy()],
];

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nhost: a\r\n';
const chunkedPost = `${post}transfer-encoding: chunked\r\n\r\n`;
const partOfResponse = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst part';

/** Where a request stands when its client goes away. */
interface Stage {
  readonly name: string;
  readonly request: string;
  /** What the host sends as soon as it has read something. */
  readonly answer?: string;
  /** What the host has read by then. */
  readonly upstreamHas?: string;
  /** What the client has read by then. */
  readonly clientHas?: string;
  /** Status and flags in the access log: the status is 0 unless a response had begun. */
  readonly logged: string;
}

const stages: readonly Stage[] = [
  { name: 'waits for the response', request: get, upstreamHas: '\r\n\r\n', logged: '0 -' },
  {
    name: 'waits for the response to an upload',
    request: `${post}content-length: 5\r\n\r\nhello`,
    upstreamHas: 'hello',
    logged: '0 -',
  },
  {
    name: 'waits for the response to a chunked upload',
    request: `${chunkedPost}5\r\nhello\r\n0\r\n\r\n`,
    upstreamHas: '\r\n0\r\n\r\n',
    logged: '0 -',
  },
  {
    name: 'is in the middle of its upload',
    request: `${post}content-length: 100\r\n\r\nhello`,
    upstreamHas: 'hello',
    logged: '0 -',
  },
  {
    name: 'is in the middle of its chunked upload',
    request: `${chunkedPost}5\r\nhello\r\n`,
    upstreamHas: 'hello',
    logged: '0 -',
  },
  {
    name: 'is in the middle of a chunk of its upload',
    request: `${chunkedPost}ff\r\nhello`,
    upstreamHas: 'hello',
    logged: '0 -',
  },
  {
    name: 'is in the middle of the response',
    request: get,
    answer: partOfResponse,
    clientHas: 'first part',
    logged: '200 -',
  },
  {
    name: 'is in the middle of a chunked response',
    request: get,
    answer: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nfirst part\r\n',
    clientHas: 'first part',
    logged: '200 -',
  },
  {
    name: 'is in the middle of both its upload and the response',
    request: `${post}content-length: 100\r\n\r\nhello`,
    answer: partOfResponse,
    clientHas: 'first part',
    logged: '200 -',
  },
];

/** Fails unless the only request so far is gone, and nothing but its client is to blame. */
async function assertGivenUp(proxy: TestProxy, logged: string): Promise<void> {
  await proxy.untilStat('downstream_cx_active', 0);
  assert.equal(await proxy.loggedResult(), logged);
  const stats = await proxy.stats();
  const expected = {
    downstream_rq_rx_reset: 1,
    downstream_rq_tx_reset: 0,
    downstream_rq_active: 0,
    downstream_cx_protocol_error: 0,
    downstream_cx_destroy_local: 0,
    downstream_cx_destroy_remote_active_rq: 1,
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(stats.get(`http.ingress_http.${name}`), value, name);
  }
  const atRest = /_[45]xx$|_50\d$|rq_error$|rq_timeout$|connect_fail$|upstream_\w+_active$/;
  const counted = [...stats].filter(([name, value]) => atRest.test(name) && value !== 0);
  assert.deepEqual(counted, []);
}

/** A host that reads, and answers once if it has something to say. */
class ReadingHost {
  received = '';
  closed = 0;
  readonly handler: RawHandler;

  constructor(answer: string | undefined) {
    this.handler = (socket) => {
      socket.on('data', (chunk) => {
        if (answer !== undefined && this.received === '') {
          socket.write(answer);
        }
        this.received += chunk.toString('latin1');
      });
      socket.on('end', () => socket.end());
      socket.on('close', () => this.closed++);
    };
  }
}

for (const stage of stages) {
  for (const [how, leave] of ends) {
    test(`gives the attempt up when a client that ${stage.name} ${how}`, async (t) => {
      const host = new ReadingHost(stage.answer);
      const upstream = await RawUpstream.start(host.handler);
      const proxy = await TestProxy.start(t, { upstream });
      const client = await proxy.connect();
      client.write(stage.request);
      await until(() => host.received.includes(stage.upstreamHas ?? ''), 'the host has read it');
      await client.until(stage.clientHas ?? '');
      leave(client);
      // The clock stands still, so that no time-out has a part in this.
      await until(() => host.closed === 1, 'the host sees its connection close');
      await assertGivenUp(proxy, stage.logged);
      const counts = await clusterCounts(proxy, 'app', 'upstream_rq_tx_reset', 'upstream_rq_total');
      assert.deepEqual(counts, { upstream_rq_tx_reset: 1, upstream_rq_total: 1 });
      assert.deepEqual(proxy.errors, []);
    });
  }
}

describe('a client that goes away before its host is connected', () => {
  const requests = [
    ['a request', get],
    ['a complete upload', `${post}content-length: 5\r\n\r\nhello`],
  ] as const;
  for (const [how, leave] of ends) {
    for (const [what, request] of requests) {
      test(`and ${how} takes ${what} out of the queue`, async (t) => {
        const host = await HangingHost.start();
        t.after(() => host.close());
        const clusters = [staticCluster('app', [host.url])];
        const proxy = await TestProxy.start(t, { config: { clusters } });
        const client = await proxy.connect();
        client.write(request);
        await proxy.untilStat('downstream_rq_active', 1);
        leave(client);
        await proxy.untilStat('downstream_rq_active', 0);
        const counts = await clusterCounts(
          proxy,
          'app',
          'upstream_rq_cancelled',
          'upstream_rq_pending_active',
          'upstream_rq_total',
        );
        assert.deepEqual(counts, {
          upstream_rq_cancelled: 1,
          upstream_rq_pending_active: 0,
          upstream_rq_total: 0,
        });
        assert.equal(await proxy.stat('downstream_rq_rx_reset'), 1);
        // The connection itself may be of use to others: only its own time-out ends it.
        proxy.clock.advance(250);
        const { upstream_cx_active } = await clusterCounts(proxy, 'app', 'upstream_cx_active');
        assert.equal(upstream_cx_active, 0);
        assert.equal(await proxy.stat('downstream_rq_5xx'), 0);
        assert.equal(await proxy.loggedResult(), '0 -');
      });
    }
  }
});

for (const [how, leave] of ends) {
  test(`serves others as before when a client ${how}`, async (t) => {
    const waiting: Socket[] = [];
    const upstream = await RawUpstream.start((socket) => {
      socket.on('data', () => waiting.push(socket));
      socket.on('end', () => socket.end());
    });
    const proxy = await TestProxy.start(t, { upstream });
    const leaving = await proxy.connect();
    const others = [await proxy.connect(), await proxy.connect()];
    for (const client of [leaving, ...others]) {
      client.write(get);
    }
    await until(() => waiting.length === 3, 'the host has all requests');
    leave(leaving);
    await proxy.untilStat('downstream_rq_active', 2);
    for (const socket of waiting) {
      socket.write(ok('for you'));
    }
    for (const client of others) {
      assert.match(await client.until('for you'), /^HTTP\/1\.1 200 /);
    }
    assert.equal(await proxy.stat('downstream_rq_rx_reset'), 1);
    assert.equal(await proxy.stat('downstream_rq_2xx'), 2);
    const counts = await clusterCounts(proxy, 'app', 'upstream_cx_active', 'upstream_rq_active');
    assert.deepEqual(counts, { upstream_cx_active: 2, upstream_rq_active: 0 });
  });

  test(`sends nothing again when a client ${how} on a reused connection`, async (t) => {
    const paths: string[] = [];
    const upstream = await RawUpstream.start((socket) => {
      socket.on('data', (chunk) => {
        paths.push(chunk.toString('latin1').split(' ')[1] ?? '');
        if (paths.length === 1) {
          socket.write(ok());
        }
      });
      socket.on('end', () => socket.end());
    });
    const proxy = await TestProxy.start(t, { upstream });
    const client = await proxy.connect();
    client.write(get);
    await client.until('hello');
    client.write('GET /second HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => paths.length === 2, 'the host has the second request');
    leave(client);
    await until(() => upstream.sockets.size === 0, 'the host sees its connection close');
    await proxy.untilStat('downstream_rq_active', 0);
    assert.deepEqual(paths, ['/', '/second']);
    assert.equal(await proxy.stat('downstream_rq_rx_reset'), 1);
    const counts = await clusterCounts(proxy, 'app', 'upstream_rq_reused_cx_resend');
    assert.equal(counts.upstream_rq_reused_cx_resend, 0);
  });
}

test('closes a connection whose client leaves within a request head, and counts no request', async (t) => {
  const proxy = await TestProxy.start(t);
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhos');
  client.socket.end();
  assert.equal(await client.untilClosed(), '');
  await proxy.untilStat('downstream_cx_active', 0);
  const stats = await proxy.stats();
  for (const name of ['rq_total', 'rq_rx_reset', 'cx_protocol_error', 'cx_destroy_active_rq']) {
    assert.equal(stats.get(`http.ingress_http.downstream_${name}`), 0, name);
  }
});

test('counts no reset when a client leaves that has its response', async (t) => {
  const upstream = await RawUpstream.start(always(ok()));
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(get);
  await client.until('hello');
  client.socket.resetAndDestroy();
  await proxy.untilStat('downstream_cx_active', 0);
  assert.equal(await proxy.stat('downstream_rq_rx_reset'), 0);
  assert.equal(await proxy.stat('downstream_cx_destroy_active_rq'), 0);
  assert.equal(await proxy.loggedResult(), '200 -');
  await assertCountedOnce(proxy, 'app', 1);
});
