import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { systemClock } from '../../lib/base/clock.js';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import {
  encodeFrame,
  encodeHeaders,
  FrameClient,
  flag,
  frameType,
  requestHeaders,
} from '../support/frame-client.js';
import { Http2Client, readResponse } from '../support/http2-client.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const megabyte = 1024 * 1024;

/** RFC 9113, 7. */
const internalError = 2;
const cancel = 8;
const enhanceYourCalm = 11;

function codeOf(payload: Buffer): number {
  return payload.readUInt32BE(0);
}

/** The four headers of a request, one of them replaced. */
function withHeader(name: string, value: string): (readonly [string, string])[] {
  return requestHeaders.map((pair) => (pair[0] === name ? [name, value] : pair));
}

describe('a head', () => {
  test('goes on without what no head can hold', async (t) => {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, { upstream });
    const fields = [
      ['x-a', 'b\r\nx-c: d'],
      ['x-a', 'b\nc'],
      ['x-a', 'b\0c'],
      ['x-a: b\r\nx-c', 'd'],
      ['', 'a'],
    ] as const;
    for (const [index, field] of fields.entries()) {
      const client = await FrameClient.connect(proxy);
      client.request(1, [field, ['x-last', 'kept']]);
      await client.until(frameType.data, 1);
      const { headers } = upstream.requests[index] ?? {};
      assert.equal(headers?.['x-last'], 'kept');
      assert.deepEqual(
        Object.keys(headers ?? {}).filter((name) => name === '' || /^x-[ac]/.test(name)),
        [],
      );
    }
    assert.equal(upstream.requests.length, fields.length);
  });

  test('that would be two things in HTTP/1.1 reaches no host', async (t) => {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, { upstream });
    const heads: (readonly (readonly [string, string])[])[] = [
      [...requestHeaders, ['X-Upper', 'a']],
      [...requestHeaders, ['connection', 'x-a']],
      [...requestHeaders, ['transfer-encoding', 'chunked']],
      [...requestHeaders, ['upgrade', 'websocket']],
      [...requestHeaders, ['te', 'gzip']],
      [...requestHeaders, ['content-length', '5'], ['content-length', '6']],
      [...requestHeaders, ['content-length', '5']],
      [...requestHeaders, [':path', '/b']],
      [...requestHeaders, ['host', 'other.com']],
      withHeader(':path', '/a b'),
      withHeader(':path', '/a HTTP/1.1\r\nx: y'),
      withHeader(':path', '/\xe9'),
      withHeader(':path', '/a#b'),
      withHeader(':path', ''),
      withHeader(':path', 'a'),
      withHeader(':path', 'http://foo.com/'),
      withHeader(':method', 'GET /x HTTP/1.1\r\nhost'),
      withHeader(':method', 'GE T'),
      withHeader(':authority', 'foo.com\r\nx: y'),
      withHeader(':authority', 'user@foo.com'),
      withHeader(':authority', ''),
      requestHeaders.filter(([name]) => name !== ':path'),
      requestHeaders.filter(([name]) => name !== ':authority'),
    ];
    for (const head of heads) {
      const client = await FrameClient.connect(proxy);
      client.head(1, head);
      await until(
        () =>
          client.hasEnded ||
          client.received(frameType.rstStream, 1).length > 0 ||
          client.received(frameType.headers, 1).length > 0,
        `something is said to ${JSON.stringify(head)}`,
      );
      client.socket.destroy();
    }
    assert.equal(upstream.requests.length, 0);
    assert.equal(await proxy.stat('downstream_rq_2xx'), 0);
  });

  test('in absolute form stays refused where HTTP/1.1 may have it', async (t) => {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, {
      upstream,
      manager: { http1_settings: { allow_absolute_url: true } },
    });
    const client = await FrameClient.connect(proxy);
    client.head(1, [
      [':method', 'GET'],
      [':scheme', 'ftp'],
      [':path', 'http://foo.com/'],
      [':authority', 'foo.com'],
    ]);
    await proxy.untilStat('downstream_rq_4xx', 1);
    assert.equal(upstream.requests.length, 0);
  });

  test('that is too large gets status 431, and the connection goes on', async (t) => {
    const proxy = await TestProxy.start(t);
    const client = Http2Client.connect(proxy);
    const large = await client.send({ headers: { 'x-large': 'x'.repeat(62_000) } });
    assert.equal(large.status, 431);
    assert.equal((await client.send()).status, 200);
    assert.equal(await proxy.stat('downstream_rq_4xx'), 1);
  });

  test('of too many fields gets status 431', async (t) => {
    const proxy = await TestProxy.start(t);
    const client = await FrameClient.connect(proxy);
    const fields = Array.from({ length: 2002 }, () => ['a', ''] as const);
    const block = encodeHeaders([...requestHeaders, ...fields]);
    assert.ok(block.length < 16_384);
    client.send(frameType.headers, 5, 1, block);
    await client.until(frameType.headers, 1);
    assert.equal(await proxy.stat('downstream_rq_4xx'), 1);
  });

  test('beyond all bounds has its stream reset', async (t) => {
    const proxy = await TestProxy.start(t);
    const client = await FrameClient.connect(proxy);
    const fields = Array.from({ length: 3000 }, () => ['a', ''] as const);
    client.send(frameType.headers, 5, 1, encodeHeaders([...requestHeaders, ...fields]));
    const reset = await client.until(frameType.rstStream, 1);
    assert.equal(codeOf(reset.payload), enhanceYourCalm);
    client.request(3);
    await client.until(frameType.data, 3);
    assert.equal(await proxy.stat('downstream_rq_total'), 1);
  });
});

describe('a reset', () => {
  test('by the client frees the host', async (t) => {
    const waiting: ServerResponse[] = [];
    const upstream = await FakeUpstream.start((_request, response) => waiting.push(response));
    const proxy = await TestProxy.start(t, { upstream });
    const client = Http2Client.connect(proxy);
    const [given, kept] = [client.begin(), client.send()];
    given.end();
    await until(() => waiting.length === 2, 'the requests are at the host');
    given.close(cancel);
    await until(() => waiting.some(({ destroyed }) => destroyed), 'the host is free');
    assert.equal(await proxy.stat('downstream_rq_rx_reset'), 1);
    assert.equal(await proxy.stat('downstream_rq_active'), 1);
    for (const response of waiting) {
      response.end('kept');
    }
    assert.equal((await kept).text, 'kept');
    assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_active'), 0);
  });

  test('by a client that is gone frees the hosts of all its requests', async (t) => {
    const waiting: ServerResponse[] = [];
    const upstream = await FakeUpstream.start((_request, response) => waiting.push(response));
    const proxy = await TestProxy.start(t, { upstream });
    const client = await FrameClient.connect(proxy);
    for (const streamId of [1, 3, 5]) {
      client.request(streamId);
    }
    await until(() => waiting.length === 3, 'the requests are at the host');
    client.socket.resetAndDestroy();
    await until(() => waiting.every(({ destroyed }) => destroyed), 'the host is free');
    await proxy.untilStat('downstream_rq_active', 0);
    assert.equal(await proxy.stat('downstream_rq_rx_reset'), 3);
    assert.equal(await proxy.stat('downstream_cx_destroy_remote_active_rq'), 1);
  });

  for (const body of [
    'content-length: 10\r\n\r\nhello',
    'transfer-encoding: chunked\r\n\r\n1\r\na\r\n',
  ]) {
    const framing = body.split(':')[0];
    test(`by the host in the middle of a body (${framing}) resets the stream alone`, async (t) => {
      const upstream = await RawUpstream.start((socket) => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\n${body}`, () => {
            setImmediate(() => socket.resetAndDestroy());
          });
        });
      });
      const proxy = await TestProxy.start(t, { upstream });
      const client = await FrameClient.connect(proxy);
      client.request(1);
      const reset = await client.until(frameType.rstStream, 1);
      assert.equal(codeOf(reset.payload), internalError);
      assert.ok(client.received(frameType.data, 1).every(({ flags }) => flags === 0));
      assert.equal(await proxy.stat('downstream_rq_tx_reset'), 1);
      assert.equal(client.hasEnded, false);
    });
  }

  test('by the host before a response gets status 503', async (t) => {
    const upstream = await RawUpstream.start((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const proxy = await TestProxy.start(t, { upstream });
    assert.equal((await Http2Client.connect(proxy).send()).status, 503);
  });

  test('of the rest of a request follows an early response, which is whole', async (t) => {
    const size = 3 * megabyte;
    const upstream = await FakeUpstream.start((_request, response) =>
      response.end(Buffer.alloc(size)),
    );
    const proxy = await TestProxy.start(t, { upstream });
    const client = Http2Client.connect(proxy);
    const stream = client.begin({ ':method': 'POST' });
    stream.write('begun, and never ended');
    let received = 0;
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await once(stream, 'end');
    assert.equal(received, size);
    assert.equal(await proxy.stat('downstream_rq_response_before_rq_complete'), 1);
    const closed = readResponse(stream);
    proxy.clock.advance(1000);
    assert.equal((await closed).rstCode, 0);
    assert.equal((await client.send()).body.length, size, 'the connection goes on');
  });

  test('of the rest of a request comes behind the end of its response', async (t) => {
    for (const body of ['', 'hello']) {
      const upstream = await FakeUpstream.start((_request, response) => response.end(body));
      const proxy = await TestProxy.start(t, { upstream });
      const client = await FrameClient.connect(proxy);
      client.head(1, withHeader(':method', 'POST'), flag.endHeaders);
      await until(
        () => client.frames.some(({ streamId, flags }) => streamId === 1 && flags & 1),
        'the response has ended',
      );
      client.send(frameType.data, 0, 1, 'more');
      await proxy.stat('downstream_rq_active');
      assert.equal(client.received(frameType.rstStream).length, 0);
      proxy.clock.advance(1000);
      assert.equal(codeOf((await client.until(frameType.rstStream, 1)).payload), 0);
    }
  });
});

describe('a flood', () => {
  test('of requests that are given up at once ends the connection', async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    const proxy = await TestProxy.start(t, { upstream });
    const client = await FrameClient.connect(proxy);
    await client.until(frameType.settings);
    const reset = Buffer.from([0, 0, 0, cancel]);
    let streamId = 1;
    for (let round = 0; round < 300 && !client.hasEnded; round++) {
      const parts: Buffer[] = [];
      for (let i = 0; i < 20; i++) {
        parts.push(encodeFrame(frameType.headers, 5, streamId, encodeHeaders(requestHeaders)));
        parts.push(encodeFrame(frameType.rstStream, 0, streamId, reset));
        streamId += 2;
      }
      client.socket.write(Buffer.concat(parts));
      await proxy.stat('downstream_rq_active');
    }
    await client.untilClosed();
    assert.ok(streamId > 2000 && streamId < 3000, `after ${(streamId - 1) / 2} requests`);
    // Most were given up before they were begun, and have cost the host nothing.
    assert.ok(upstream.requests.length < 900, `${upstream.requests.length} requests`);
    await proxy.untilStat('downstream_rq_active', 0);
    assert.equal(await proxy.stat('downstream_cx_destroy_local'), 1);
    assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
  });

  test('of them that comes in one piece does no more', async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    // A clock that goes on: the limit is then reached in the middle of a piece.
    const proxy = await TestProxy.start(t, { upstream, environment: { clock: systemClock } });
    const reset = Buffer.from([0, 0, 0, cancel]);
    const requests = Array.from({ length: 1500 }, (_, index) => [
      encodeFrame(frameType.headers, 5, index * 2 + 1, encodeHeaders(requestHeaders)),
      encodeFrame(frameType.rstStream, 0, index * 2 + 1, reset),
    ]);
    for (let round = 1; round <= 3; round++) {
      const client = await FrameClient.connect(proxy, false);
      client.socket.cork();
      client.greet();
      client.socket.write(Buffer.concat(requests.flat()));
      client.socket.uncork();
      await client.untilClosed();
      await proxy.untilStat('downstream_cx_http2_active', 0);
      assert.equal(await proxy.stat('downstream_cx_protocol_error'), round);
    }
    assert.equal(await proxy.stat('downstream_rq_active'), 0);
  });

  test('of goodbyes is heard once', async (t) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', onWarning);
    t.after(() => process.removeListener('warning', onWarning));
    const proxy = await TestProxy.start(t);
    const client = await FrameClient.connect(proxy);
    await client.until(frameType.settings);
    const goaway = encodeFrame(frameType.goaway, 0, 0, Buffer.alloc(8));
    client.socket.write(Buffer.concat(Array.from({ length: 100 }, () => goaway)));
    await client.untilClosed();
    await proxy.untilStat('downstream_cx_active', 0);
    assert.deepEqual(warnings, []);
  });

  const floods: readonly (readonly [string, Buffer])[] = [
    [
      'of CONTINUATION frames',
      Buffer.concat([
        encodeFrame(frameType.headers, 1, 1, encodeHeaders(requestHeaders)),
        ...Array.from({ length: 5000 }, () =>
          encodeFrame(frameType.continuation, 0, 1, encodeHeaders([['x-a', 'b'.repeat(100)]])),
        ),
      ]),
    ],
    [
      'of empty DATA frames',
      Buffer.concat([
        encodeFrame(frameType.headers, 4, 1, encodeHeaders(requestHeaders)),
        ...Array.from({ length: 5000 }, () => encodeFrame(frameType.data, 0, 1)),
      ]),
    ],
    [
      'of PING frames that nobody reads the answers to',
      Buffer.concat(
        Array.from({ length: 300_000 }, () => encodeFrame(frameType.ping, 0, 0, Buffer.alloc(8))),
      ),
    ],
    [
      'of SETTINGS frames that nobody reads the answers to',
      Buffer.concat(Array.from({ length: 600_000 }, () => encodeFrame(frameType.settings, 0, 0))),
    ],
  ];
  for (const [name, bytes] of floods) {
    test(`${name} ends the connection`, async (t) => {
      const upstream = await FakeUpstream.start(() => {});
      const proxy = await TestProxy.start(t, { upstream });
      const client = await FrameClient.connect(proxy);
      await client.until(frameType.settings);
      client.socket.pause();
      client.socket.write(bytes);
      await proxy.untilStat('downstream_cx_http2_active', 0);
      assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
    });
  }
});

describe('a connection', () => {
  test('that breaks the rules of its frames is ended, with all that is under way', async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    const proxy = await TestProxy.start(t, { upstream });
    const breaches: readonly ((client: FrameClient) => void)[] = [
      (client) => client.send(frameType.windowUpdate, 0, 0, Buffer.alloc(4)),
      (client) => client.send(frameType.headers, 5, 3, Buffer.from([0, 1])),
      (client) => client.send(frameType.data, 0, 0, 'x'),
      (client) => client.request(2),
      (client) => client.send(frameType.settings, 0, 1),
    ];
    for (const breach of breaches) {
      const client = await FrameClient.connect(proxy);
      client.request(1);
      await until(() => upstream.sockets.size === 1, 'the request is at the host');
      breach(client);
      const goaway = await client.until(frameType.goaway);
      assert.notEqual(goaway.payload.readUInt32BE(4), 0);
      // Node.js 20 does not always say so; then it is found out by asking.
      for (let i = 0; i < 7; i++) {
        proxy.clock.advance(60_000);
        await proxy.stat('downstream_rq_active');
      }
      await client.untilClosed();
      await until(() => upstream.sockets.size === 0, 'the host is free');
      await proxy.untilStat('downstream_cx_active', 0);
    }
  });

  test('whose client has vanished is found by asking, and another goes on', async (t) => {
    const proxy = await TestProxy.start(t);
    const vanished = await FrameClient.connect(proxy);
    const present = Http2Client.connect(proxy);
    await present.send();
    vanished.request(1);
    await vanished.until(frameType.data, 1);
    for (let minute = 0; minute < 4; minute++) {
      const pings = vanished.received(frameType.ping).length;
      proxy.clock.advance(60_000);
      if (minute === 1) {
        await vanished.until(frameType.ping, 0, pings + 1);
      }
      await present.session.ping(() => {});
      await proxy.untilStat('downstream_cx_http2_total', 2);
    }
    await vanished.untilClosed();
    assert.equal((await present.send()).status, 200);
    assert.equal(await proxy.stat('downstream_cx_active'), 1);
  });
});

describe('a client that reads slowly', () => {
  test('lets its host wait, and no other request on the connection', async (t) => {
    const size = 64 * megabyte;
    let sent = 0;
    const upstream = await FakeUpstream.start((request, response) => {
      if (request.url === '/quick') {
        response.end('quick');
        return;
      }
      const chunk = Buffer.alloc(megabyte);
      const write = (): void => {
        while (sent < size) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', write);
            return;
          }
        }
        response.end();
      };
      write();
    });
    const proxy = await TestProxy.start(t, { upstream });
    const client = Http2Client.connect(proxy);
    const slow = client.begin({ ':path': '/slow' });
    slow.end();
    await once(slow, 'response');
    await until(() => sent > 0, 'the host has begun');
    for (let i = 0; i < 20; i++) {
      const quick = await client.send({ headers: { ':path': '/quick' } });
      assert.equal(quick.text, 'quick');
    }
    assert.ok(sent < size / 2, `${sent} bytes have been taken from the host`);
    assert.ok((await proxy.stats()).get('cluster.app.upstream_flow_control_paused_reading_total'));
    let received = 0;
    slow.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await once(slow, 'end');
    assert.equal(received, size);
  });

  test('and leaves frees the host', async (t) => {
    let isFree = false;
    const upstream = await FakeUpstream.start((_request, response) => {
      response.on('close', () => {
        isFree = true;
      });
      response.write(Buffer.alloc(32 * megabyte));
    });
    const proxy = await TestProxy.start(t, { upstream });
    const client = Http2Client.connect(proxy);
    const slow = client.begin();
    slow.end();
    await once(slow, 'response');
    slow.close(cancel);
    await until(() => isFree, 'the host is free');
    assert.equal(await proxy.stat('downstream_rq_active'), 0);
  });

  for (const [what, size] of [
    ['that has not been taken from its host', megabyte],
    ['that has', 80_000],
  ] as const) {
    test(`may reset with NO_ERROR a response ${what}, and nothing is kept of it`, async (t) => {
      const upstream = await FakeUpstream.start((_request, response) => {
        response.end(Buffer.alloc(size));
      });
      const proxy = await TestProxy.start(t, { upstream });
      const client = await FrameClient.connect(proxy);
      client.request(1);
      const received = (): number =>
        client.received(frameType.data, 1).reduce((sum, { payload }) => sum + payload.length, 0);
      await until(() => received() === 65_535, 'the window is used up');
      client.send(frameType.rstStream, 0, 1, Buffer.alloc(4));
      await proxy.untilStat('downstream_rq_active', 0);
      const count = async (): Promise<unknown> =>
        (await proxy.stats()).get('cluster.app.upstream_rq_active');
      assert.equal(await count(), 0);
      // The connection is closed when there is no stream any more.
      client.send(frameType.goaway, 0, 0, Buffer.alloc(8));
      await client.untilClosed();
    });
  }
});

test('requests whose host is slow keep no client from asking others', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    if (request.url === '/quick') {
      response.end('quick');
    }
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = Http2Client.connect(proxy);
  for (let i = 0; i < 5; i++) {
    client.begin({ ':method': 'POST', ':path': '/slow' }).write(Buffer.alloc(8 * megabyte));
  }
  await until(() => upstream.requests.length === 5, 'the requests are at the host');
  for (let i = 0; i < 10; i++) {
    assert.equal((await client.send({ headers: { ':path': '/quick' } })).text, 'quick');
  }
});
