import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import { staticCluster } from '../support/config-builder.js';
import { type RawHandler, RawUpstream, unusedPort } from '../support/fake-upstream.js';
import { HangingHost } from '../support/hanging-host.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { parseRawResponse, valuesOf } from '../support/responses.js';
import { until } from '../support/until.js';
import {
  always,
  answerAndEnd,
  ok,
  onRequest,
  resetOnRequest,
} from '../support/upstream-scripts.js';

const failureBody = 'upstream connect error or disconnect/reset before headers';
const get = 'GET / HTTP/1.1\r\nhost: foo.com\r\nconnection: close\r\n\r\n';

interface Setup {
  readonly upstream: RawUpstream;
  readonly proxy: TestProxy;
}

async function start(t: TestContext, handler: RawHandler, parts: ProxyParts = {}): Promise<Setup> {
  const upstream = await RawUpstream.start(handler);
  return { upstream, proxy: await TestProxy.start(t, { ...parts, upstream }) };
}

/** Fails unless the host that failed serves the next request, once it has come to its senses. */
async function assertRecovers({ upstream, proxy }: Setup): Promise<void> {
  upstream.handler = answerAndEnd(ok('well again'));
  assert.equal((await proxy.send()).text, 'well again');
}

describe('a host that gives no answer', () => {
  const cases: readonly (readonly [what: string, handler: RawHandler])[] = [
    ['closes at once', (socket) => socket.end()],
    ['closes when it has read the request', answerAndEnd('')],
    ['resets when it has read the request', resetOnRequest],
    ['breaks off in the status line', answerAndEnd('HTTP/1.1 2')],
    ['breaks off in a header', answerAndEnd('HTTP/1.1 200 OK\r\nx-a: b')],
    ['breaks off behind its headers', answerAndEnd('HTTP/1.1 200 OK\r\nx-a: b\r\n')],
    ['breaks off behind an interim response', answerAndEnd('HTTP/1.1 100 Continue\r\n\r\n')],
  ];
  for (const [what, handler] of cases) {
    test(`and ${what}: 503, UC`, async (t) => {
      const setup = await start(t, handler);
      const response = parseRawResponse(await setup.proxy.exchange(get));
      assert.equal(response.status, 503);
      assert.equal(response.body, failureBody);
      assert.deepEqual(valuesOf(response, 'content-type'), ['text/plain']);
      assert.deepEqual(valuesOf(response, 'content-length'), [String(failureBody.length)]);
      assert.deepEqual(valuesOf(response, 'x-envoy-overloaded'), []);
      assert.equal(await setup.proxy.loggedResult(), '503 UC');
      await assertCountedOnce(setup.proxy, 'app', 1);
      const counts = await clusterCounts(
        setup.proxy,
        'app',
        'upstream_rq_503',
        'upstream_rq_total',
        'upstream_cx_destroy_remote_with_active_rq',
        'upstream_cx_active',
        'upstream_rq_reused_cx_resend',
      );
      assert.deepEqual(counts, {
        upstream_rq_503: 1,
        upstream_rq_total: 1,
        upstream_cx_destroy_remote_with_active_rq: 1,
        upstream_cx_active: 0,
        upstream_rq_reused_cx_resend: 0,
      });
      await assertRecovers(setup);
    });
  }
});

test('a host that resets at once has accepted, or not: 503 either way', async (t) => {
  const setup = await start(t, (socket) => socket.resetAndDestroy());
  const response = await setup.proxy.send();
  assert.equal(response.status, 503);
  assert.equal(response.text, failureBody);
  assert.match(await setup.proxy.loggedResult(), /^503 U[CF]$/);
  await assertCountedOnce(setup.proxy, 'app', 1);
  await assertRecovers(setup);
});

describe('a host that speaks something else', () => {
  const hugeHead = `HTTP/1.1 200 OK\r\n${'x-filler: 0123456789\r\n'.repeat(20_000)}\r\n`;
  const cases: readonly (readonly [what: string, answer: string])[] = [
    ['another protocol', '220 mail.example.com ESMTP\r\n'],
    ['HTTP/2', '\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64'],
    ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46'],
    ['noise', Array.from({ length: 300 }, (_, i) => String.fromCharCode((i * 37) % 256)).join('')],
    ['nothing but line breaks', '\r\n'.repeat(1000)],
    ['a status that is none', 'HTTP/1.1 999999 Whatever\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\nhello'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a header with a control character', 'HTTP/1.1 200 OK\r\nx-a: b\x00c\r\n\r\n'],
    ['a head without an end', hugeHead.slice(0, -2)],
    ['a huge head', hugeHead],
    ['interim responses without an end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(5000)],
    ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n'],
  ];
  for (const [what, answer] of cases) {
    test(`${what}: 503, UC, and the connection is closed`, async (t) => {
      const setup = await start(t, always(answer));
      const response = parseRawResponse(await setup.proxy.exchange(get));
      assert.equal(response.status, 503);
      assert.equal(response.body, failureBody);
      assert.equal(await setup.proxy.loggedResult(), '503 UC');
      await assertCountedOnce(setup.proxy, 'app', 1);
      const counts = await clusterCounts(
        setup.proxy,
        'app',
        'upstream_rq_503',
        'upstream_cx_protocol_error',
        'upstream_cx_active',
      );
      assert.deepEqual(counts, {
        upstream_rq_503: 1,
        upstream_cx_protocol_error: 1,
        upstream_cx_active: 0,
      });
      await until(() => setup.upstream.sockets.size === 0, 'the connection is closed');
      await assertRecovers(setup);
    });
  }
});

describe('a response that breaks off', () => {
  const sized = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n';
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  const cases: readonly (readonly [what: string, answer: string])[] = [
    ['in a body of known length', `${sized}hello`],
    ['behind the head', sized],
    ['in a chunk', `${chunked}a\r\nhello`],
    ['behind a chunk', `${chunked}5\r\nhello\r\n`],
    ['before the end of the last chunk', `${chunked}5\r\nhello\r\n0\r\n`],
  ];
  for (const [what, answer] of cases) {
    test(`${what} is visibly incomplete`, async (t) => {
      const setup = await start(t, answerAndEnd(answer));
      await assert.rejects(setup.proxy.send(), { code: 'ECONNRESET' });
      assert.equal(await setup.proxy.loggedResult(), '200 UC');
      await assertCountedOnce(setup.proxy, 'app', 1);
      assert.equal(await setup.proxy.stat('downstream_rq_tx_reset'), 1);
      assert.equal(await setup.proxy.stat('downstream_rq_2xx'), 1);
      assert.equal(await setup.proxy.stat('downstream_rq_active'), 0);
      await assertRecovers(setup);
    });
  }

  test('by a wrong chunk is visibly incomplete', async (t) => {
    const setup = await start(t, always(`${chunked}5\r\nhello\r\nnonsense\r\n`));
    await assert.rejects(setup.proxy.send(), { code: 'ECONNRESET' });
    const counts = await clusterCounts(setup.proxy, 'app', 'upstream_cx_protocol_error');
    assert.equal(counts.upstream_cx_protocol_error, 1);
    await assertCountedOnce(setup.proxy, 'app', 1);
  });

  test('by a reset, with what came before delivered, is visibly incomplete', async (t) => {
    const sockets: Socket[] = [];
    const setup = await start(
      t,
      onRequest((socket) => {
        sockets.push(socket);
        return `${chunked}5\r\nhello\r\n`;
      }),
    );
    const client = await setup.proxy.connect();
    client.write(get);
    await client.until('hello');
    sockets[0]?.resetAndDestroy();
    const received = await client.untilClosed();
    assert.ok(!received.includes('\r\n0\r\n'), 'no last chunk');
    assert.equal(await setup.proxy.loggedResult(), '200 UC');
    await assertCountedOnce(setup.proxy, 'app', 1);
  });

  test('that lasts until the close is complete when the host closes, not when it resets', async (t) => {
    const sockets: Socket[] = [];
    const setup = await start(
      t,
      onRequest((socket) => {
        sockets.push(socket);
        return 'HTTP/1.1 200 OK\r\n\r\nhello';
      }),
    );
    const first = await setup.proxy.connect();
    first.write(get);
    await first.until('hello');
    sockets[0]?.end();
    assert.match(await first.untilClosed(), /\r\n5\r\nhello\r\n0\r\n\r\n$/);
    const second = await setup.proxy.connect();
    second.write(get);
    await second.until('hello');
    sockets[1]?.resetAndDestroy();
    assert.match(await second.untilClosed(), /\r\n5\r\nhello\r\n$/);
    await assertCountedOnce(setup.proxy, 'app', 2);
  });
});

test('a response byte by byte arrives whole', async (t) => {
  const body = 'x'.repeat(50);
  const text = `HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n32\r\n${body}\r\n0\r\nx-t: 1\r\n\r\n`;
  const setup = await start(
    t,
    onRequest((socket) => {
      let at = 0;
      const next = (): void => {
        if (at < text.length) {
          socket.write(text.charAt(at++), 'latin1', () => setImmediate(next));
        }
      };
      next();
      return undefined;
    }),
  );
  const response = await setup.proxy.send();
  assert.equal(response.status, 200);
  assert.equal(response.headers['x-a'], 'b');
  assert.equal(response.text, body);
  assert.deepEqual(response.trailers, { 'x-t': '1' });
  await assertCountedOnce(setup.proxy, 'app', 1);
});

describe('bytes behind a response', () => {
  const forged = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged';

  test('in the same piece are nobody’s response', async (t) => {
    let count = 0;
    const setup = await start(
      t,
      onRequest(() => `${ok(`right ${count++}`)}${forged}`),
    );
    for (let i = 0; i < 3; i++) {
      assert.equal((await setup.proxy.send()).text, `right ${i}`);
    }
    assert.equal(setup.upstream.connectionCount, 3);
    const counts = await clusterCounts(setup.proxy, 'app', 'upstream_cx_protocol_error');
    assert.equal(counts.upstream_cx_protocol_error, 3);
  });

  test('that come later, on the idle connection, are nobody’s response', async (t) => {
    const sockets: Socket[] = [];
    const setup = await start(
      t,
      onRequest((socket) => {
        sockets.push(socket);
        return ok('right');
      }),
    );
    await setup.proxy.send();
    sockets[0]?.write(forged);
    await until(() => setup.upstream.sockets.size === 0, 'the connection is closed');
    assert.equal((await setup.proxy.send()).text, 'right');
    assert.equal(setup.upstream.connectionCount, 2);
  });

  test('behind a response to HEAD are nobody’s response', async (t) => {
    const setup = await start(
      t,
      onRequest((_socket, head) => (head.startsWith('HEAD') ? ok('surprise') : ok('right'))),
    );
    assert.equal((await setup.proxy.send({ method: 'HEAD' })).status, 200);
    assert.equal((await setup.proxy.send()).text, 'right');
    assert.equal(setup.upstream.connectionCount, 2);
  });
});

describe('a response that comes too early', () => {
  test('before the request: it is taken for the answer to whoever gets the connection', async (t) => {
    const setup = await start(t, (socket) => socket.end(ok('hasty')));
    assert.equal((await setup.proxy.send()).text, 'hasty');
    await assertCountedOnce(setup.proxy, 'app', 1);
  });

  test('before the end of the request: it is delivered, and the connection closed', async (t) => {
    const setup = await start(t, always(ok('enough')));
    const client = await setup.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: foo.com\r\ncontent-length: 1000000\r\n\r\nsome');
    const response = parseRawResponse(await client.until('enough'));
    assert.equal(response.status, 200);
    assert.match(await client.untilClosed(), /enough$/);
    await until(() => setup.upstream.sockets.size === 0, 'the upstream connection is closed');
    assert.equal(await setup.proxy.stat('downstream_rq_response_before_rq_complete'), 1);
    await assertCountedOnce(setup.proxy, 'app', 1);
  });
});

describe('a host that cannot be reached', () => {
  test('because nobody listens: 503, UF', async (t) => {
    const port = await unusedPort();
    const proxy = await TestProxy.start(t, {
      config: { clusters: [staticCluster('app', [`tcp://127.0.0.1:${port}`])] },
    });
    const response = await proxy.send();
    assert.equal(response.status, 503);
    assert.equal(response.text, failureBody);
    assert.equal(await proxy.loggedResult(), '503 UF');
    await assertCountedOnce(proxy, 'app', 1);
    const counts = await clusterCounts(
      proxy,
      'app',
      'upstream_cx_connect_fail',
      'upstream_cx_connect_timeout',
      'upstream_rq_pending_failure_eject',
      'upstream_rq_total',
      'upstream_rq_503',
    );
    assert.deepEqual(counts, {
      upstream_cx_connect_fail: 1,
      upstream_cx_connect_timeout: 0,
      upstream_rq_pending_failure_eject: 1,
      upstream_rq_total: 0,
      upstream_rq_503: 1,
    });
  });

  test('because its Unix socket does not exist: 503, UF', async (t) => {
    const proxy = await TestProxy.start(t, {
      config: { clusters: [staticCluster('app', ['unix:///no/such/socket'])] },
    });
    assert.equal((await proxy.send()).status, 503);
    assert.equal(await proxy.loggedResult(), '503 UF');
    await assertCountedOnce(proxy, 'app', 1);
  });

  test('within connect_timeout_ms: 503, UF, and no socket is left', async (t) => {
    const host = await HangingHost.start();
    t.after(() => host.close());
    const proxy = await TestProxy.start(t, {
      config: { clusters: [staticCluster('app', [host.url], { connect_timeout_ms: 123 })] },
    });
    const sending = proxy.send();
    await proxy.untilStat('downstream_rq_active', 1);
    proxy.clock.advance(122);
    assert.equal(await proxy.stat('downstream_rq_active'), 1);
    proxy.clock.advance(1);
    const response = await sending;
    assert.equal(response.status, 503);
    assert.equal(response.text, failureBody);
    assert.equal(await proxy.loggedResult(), '503 UF');
    await assertCountedOnce(proxy, 'app', 1);
    const counts = await clusterCounts(
      proxy,
      'app',
      'upstream_cx_connect_timeout',
      'upstream_cx_connect_fail',
      'upstream_cx_active',
    );
    assert.deepEqual(counts, {
      upstream_cx_connect_timeout: 1,
      upstream_cx_connect_fail: 1,
      upstream_cx_active: 0,
    });
  });
});

describe('a host that hangs', () => {
  test('before its answer: 504 when timeout_ms is over, and the connection is closed', async (t) => {
    const setup = await start(
      t,
      onRequest(() => undefined),
      { route: { timeout_ms: 1000 } },
    );
    const sending = setup.proxy.send();
    await until(() => setup.upstream.connectionCount === 1, 'the request is there');
    setup.proxy.clock.advance(1000);
    const response = await sending;
    assert.equal(response.status, 504);
    assert.equal(response.text, 'upstream request timeout');
    await until(() => setup.upstream.sockets.size === 0, 'the connection is closed');
    assert.equal(await setup.proxy.loggedResult(), '504 UT');
    await assertCountedOnce(setup.proxy, 'app', 1);
    const counts = await clusterCounts(
      setup.proxy,
      'app',
      'upstream_rq_timeout',
      'upstream_rq_504',
      'upstream_cx_active',
    );
    assert.deepEqual(counts, {
      upstream_rq_timeout: 1,
      upstream_rq_504: 1,
      upstream_cx_active: 0,
    });
  });

  test('in the middle of its answer: the response is cut when timeout_ms is over', async (t) => {
    const setup = await start(t, always('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'), {
      route: { timeout_ms: 1000 },
    });
    const client = await setup.proxy.connect();
    client.write(get);
    await client.until('hello');
    setup.proxy.clock.advance(1000);
    assert.match(await client.untilClosed(), /hello$/);
    assert.equal(await setup.proxy.loggedResult(), '200 UT');
    await until(() => setup.upstream.sockets.size === 0, 'the connection is closed');
    await assertCountedOnce(setup.proxy, 'app', 1);
  });

  test('before its answer, with a client that leaves: the request is given up at once', async (t) => {
    const setup = await start(
      t,
      onRequest(() => undefined),
    );
    const client = await setup.proxy.connect();
    client.write(get);
    await until(() => setup.upstream.sockets.size === 1, 'the request is there');
    client.socket.destroy();
    await until(() => setup.upstream.sockets.size === 0, 'the connection is closed');
    const counts = await clusterCounts(
      setup.proxy,
      'app',
      'upstream_rq_tx_reset',
      'upstream_rq_503',
      'upstream_rq_active',
    );
    assert.deepEqual(counts, {
      upstream_rq_tx_reset: 1,
      upstream_rq_503: 0,
      upstream_rq_active: 0,
    });
    await assertCountedOnce(setup.proxy, 'app', 0);
    assert.equal(await setup.proxy.stat('downstream_rq_rx_reset'), 1);
  });
});

test('many failures of every kind at once leave nothing behind', async (t) => {
  const kinds: RawHandler[] = [
    (socket) => socket.end(),
    (socket) => socket.resetAndDestroy(),
    answerAndEnd(''),
    resetOnRequest,
    always('garbage\r\n\r\n'),
    answerAndEnd('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'),
    always(ok()),
  ];
  let count = 0;
  const setup = await start(t, (socket) => kinds[count++ % kinds.length]?.(socket));
  const rounds = 20;
  const results: string[] = [];
  for (let i = 0; i < rounds; i++) {
    const sent = kinds.map(() =>
      setup.proxy.send({ method: 'POST', body: 'x' }).then(
        (response) => String(response.status),
        (error: NodeJS.ErrnoException) => String(error.code),
      ),
    );
    results.push(...(await Promise.all(sent)));
  }
  assert.equal(results.length, rounds * kinds.length);
  assert.deepEqual([...new Set(results)].sort(), ['200', '503', 'ECONNRESET']);
  await assertCountedOnce(setup.proxy, 'app', results.length);
  assert.equal(await setup.proxy.stat('downstream_rq_active'), 0);
  assert.deepEqual(setup.proxy.errors, []);
});
