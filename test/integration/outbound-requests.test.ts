import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import type { BodyInput, RequestOptions } from '../../lib/egress/request-options.js';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import { echo, OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';
import { ok, onRequest } from '../support/upstream-scripts.js';

const url = 'http://app/';

async function* pieces(...values: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* values;
}

async function turns(count = 300): Promise<void> {
  let left = count;
  await until(() => left-- === 0, 'some turns of the event loop have passed');
}

/** A host that keeps its requests waiting. */
async function startSlow(
  t: TestContext,
): Promise<{ fixture: OutboundFixture; waiting: ServerResponse[] }> {
  const waiting: ServerResponse[] = [];
  const fixture = await OutboundFixture.start(t, (request, response) => {
    request.resume();
    waiting.push(response);
  });
  return { fixture, waiting };
}

describe('a request body', () => {
  const bytes = new Uint8Array([0, 104, 105, 255]).subarray(1, 3);
  const cases: readonly (readonly [string, () => BodyInput, string, string | undefined])[] = [
    ['that is a string', () => 'hällo', 'h\xc3\xa4llo', '6'],
    ['that is an empty string', () => '', '', '0'],
    ['that is a Buffer', () => Buffer.from('hello'), 'hello', '5'],
    ['that is a view of a larger array', () => bytes, 'hi', '2'],
    ['of one piece', () => pieces('hello'), 'hello', undefined],
    ['of several pieces', () => pieces('hel', Buffer.from('lo'), '', '!'), 'hello!', undefined],
    ['that is a stream of Node.js', () => Readable.from(['hel', 'lo']), 'hello', undefined],
    ['that is a web stream', () => new Blob(['hello']).stream(), 'hello', undefined],
  ];
  for (const [what, body, expected, length] of cases) {
    test(`${what} arrives`, async (t) => {
      const { sidecar } = await OutboundFixture.start(t, echo);
      for (const method of ['POST', 'GET', 'DELETE']) {
        const response = await sidecar.request(url, { method, body: body() });
        const encoding = length === undefined ? 'chunked' : undefined;
        assert.deepEqual(await response.body.json(), {
          method,
          body: expected,
          ...(length === undefined ? {} : { length }),
          ...(encoding === undefined ? {} : { encoding }),
        });
      }
    });
  }

  test('that is left out is none, and POST says so', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    for (const options of [{}, { body: null }, { body: undefined } as unknown as RequestOptions]) {
      const get = await sidecar.request(url, options);
      assert.deepEqual(await get.body.json(), { method: 'GET', body: '' });
      const post = await sidecar.request(url, { ...options, method: 'POST' });
      assert.deepEqual(await post.body.json(), { method: 'POST', body: '', length: '0' });
    }
  });

  test('of no piece is an empty one', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    const response = await sidecar.request(url, { method: 'POST', body: pieces() });
    const { body } = (await response.body.json()) as { body: string };
    assert.equal(body, '');
  });

  test('in pieces may announce its length', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    const options = { method: 'POST', headers: { 'content-length': '5' } };
    const response = await sidecar.request(url, { ...options, body: pieces('hel', 'lo') });
    assert.deepEqual(await response.body.json(), { method: 'POST', body: 'hello', length: '5' });
  });

  for (const [what, values] of [
    ['longer', ['hello', 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n']],
    ['shorter', ['hel']],
  ] as const) {
    test(`${what} than announced ends the call, and nothing of it reaches the next`, async (t) => {
      const { sidecar, upstream } = await OutboundFixture.start(t, echo);
      const call = sidecar.request(url, {
        method: 'POST',
        headers: { 'content-length': '5' },
        body: pieces(...values),
      });
      await assert.rejects(call, {
        code: 'SIDECAR_REQUEST_INVALID',
        message: /content-length is 5/,
      });
      const next = await sidecar.request(url);
      assert.deepEqual(await next.body.json(), { method: 'GET', body: '' });
      assert.ok(!upstream.requests.some((request) => request.url === '/smuggled'));
    });
  }

  test('of another length than announced is refused before anything is sent', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, echo);
    for (const [body, length] of [
      ['hello', '6'],
      ['hello', '4'],
      [null, '5'],
    ] as const) {
      const call = sidecar.request(url, { headers: { 'content-length': length }, body });
      await assert.rejects(call, { code: 'SIDECAR_REQUEST_INVALID', message: /content-length is/ });
    }
    assert.equal(upstream.requests.length, 0);
  });

  test('that throws rejects the call with what it throws, and the host gets no whole request', async (t) => {
    const { fixture } = await startSlow(t);
    const failure = new Error('out of ink');
    const body = (async function* () {
      yield 'hello';
      throw failure;
    })();
    const rejected = await fixture.sidecar.request(url, { method: 'POST', body }).catch((e) => e);
    assert.equal(rejected, failure);
    await until(() => fixture.upstream.sockets.size === 0, 'the connection is closed');
    assert.ok(!fixture.upstream.requests[0]?.complete);
    await assertCountedOnce(fixture.proxy, 'app', 0);
  });

  test('that throws behind the head of the response fails the response’s body', async (t) => {
    let fail: (() => void) | undefined;
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.write('early');
    });
    const body = (async function* () {
      yield 'hello';
      await new Promise<void>((resolve) => {
        fail = resolve;
      });
      throw new Error('out of ink');
    })();
    const response = await sidecar.request(url, { method: 'POST', body });
    const text = assert.rejects(response.body.text(), /out of ink/);
    fail?.();
    await text;
  });

  test('is released when the response ends before it', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.statusCode = 413;
      response.end('too much');
    });
    const endless = new Readable({ read() {} });
    endless.push('some');
    const response = await sidecar.request(url, { method: 'POST', body: endless });
    assert.equal(response.statusCode, 413);
    assert.equal(await response.body.text(), 'too much');
    await until(() => endless.destroyed, 'the stream is destroyed');
  });

  test('that the host answers without taking it keeps nobody else waiting', async (t) => {
    const fixture = await OutboundFixture.startRaw(t, (socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Too Much\r\ncontent-length: 0\r\n\r\n');
      });
    });
    // More than the buffers of the system take.
    const body = Buffer.alloc(32 * 1024 * 1024);
    for (let i = 1; i <= 2; i++) {
      const response = await fixture.sidecar.request(url, { method: 'POST', body });
      assert.equal(response.statusCode, 413);
      assert.equal(fixture.upstream.connectionCount, i);
    }
  });

  test('is released when the sidecar answers by itself', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo, {
      config: {
        clusters: [
          {
            name: 'app',
            type: 'static',
            connect_timeout_ms: 250,
            lb_type: 'round_robin',
            hosts: [{ url: 'tcp://127.0.0.1:1' }],
          },
        ],
      },
    });
    const endless = new Readable({ read() {} });
    const response = await sidecar.request(url, { method: 'POST', body: endless });
    assert.equal(response.statusCode, 503);
    await until(() => endless.destroyed, 'the stream is destroyed');
  });

  test('is pulled no faster than the host reads', async (t) => {
    const fixture = await OutboundFixture.startRaw(t, (socket) => {
      socket.pause();
      socket.on('end', () => socket.end());
    });
    let pulled = 0;
    let isReleased = false;
    const body = (async function* () {
      try {
        for (;;) {
          pulled++;
          yield Buffer.alloc(64 * 1024);
        }
      } finally {
        isReleased = true;
      }
    })();
    const controller = new AbortController();
    const { signal } = controller;
    const call = fixture.sidecar.request(url, { method: 'POST', body, signal });
    const rejected = assert.rejects(call, { name: 'AbortError' });
    let last = -1;
    await until(() => {
      const isSteady = pulled === last && pulled > 0;
      last = pulled;
      return isSteady;
    }, 'the host is full');
    await turns(1000);
    assert.ok(pulled < 500, `${pulled} pieces have been pulled`);
    controller.abort();
    await rejected;
    for (const socket of fixture.upstream.sockets) {
      socket.resume();
    }
    await until(() => isReleased, 'the body is released');
  });
});

describe('a response', () => {
  test('has status, headers, body and trailers', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.writeHead(201, { 'x-a': 'b', 'set-cookie': ['c=1', 'd=2'], trailer: 'x-sum' });
      response.write('hello');
      response.addTrailers({ 'x-sum': '5' });
      response.end();
    });
    const response = await sidecar.request(url);
    assert.equal(response.statusCode, 201);
    assert.equal(response.headers['x-a'], 'b');
    assert.deepEqual(response.headers['set-cookie'], ['c=1', 'd=2']);
    assert.equal(response.headers['server'], 'envoy');
    assert.equal(await response.body.text(), 'hello');
    assert.deepEqual({ ...response.trailers }, { 'x-sum': '5' });
  });

  test('to HEAD, and of 204 and 304, has an empty body', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      response.setHeader('x-a', 'b');
      response.end();
    });
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ] as const) {
      const response = await sidecar.request(`${url}${status}`, { method });
      assert.equal(response.statusCode, status);
      assert.equal((await response.body.bytes()).length, 0);
    }
  });

  test('that breaks off fails the body with SIDECAR_BODY_ABORTED', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('hello', () => response.destroy());
    });
    const isAborted = { code: 'SIDECAR_BODY_ABORTED', message: /broke off/ };
    const all = await sidecar.request(url);
    await assert.rejects(all.body.text(), isAborted);
    const piecewise = await sidecar.request(url);
    const seen: string[] = [];
    await assert.rejects(async () => {
      for await (const piece of piecewise.body) {
        seen.push(piece.toString());
      }
    }, isAborted);
    assert.deepEqual(seen, ['hello']);
  });

  test('that is not read pauses the host', async (t) => {
    let written = 0;
    const piece = Buffer.alloc(256 * 1024);
    const { sidecar, proxy } = await OutboundFixture.start(t, (_request, response) => {
      const write = (): void => {
        written += piece.length;
        if (written >= 64 * 1024 * 1024) {
          response.end(piece);
        } else {
          response.write(piece, write);
        }
      };
      write();
    });
    const response = await sidecar.request(url);
    let last = -1;
    await until(() => {
      const isSteady = written === last;
      last = written;
      return isSteady;
    }, 'the host is stuck');
    await turns(1000);
    assert.ok(written < 32 * 1024 * 1024, `${written} bytes have gone somewhere`);
    assert.equal((await response.body.bytes()).length, 64 * 1024 * 1024);
    const counts = await clusterCounts(
      proxy,
      'app',
      'upstream_flow_control_paused_reading_total',
      'upstream_flow_control_resumed_reading_total',
    );
    assert.ok(counts.upstream_flow_control_paused_reading_total > 0);
    assert.equal(
      counts.upstream_flow_control_paused_reading_total,
      counts.upstream_flow_control_resumed_reading_total,
    );
  });

  test('of which the small body is not read gives its connection back', async (t) => {
    const { sidecar, proxy } = await OutboundFixture.start(t);
    for (let i = 0; i < 5; i++) {
      assert.equal((await sidecar.request(url)).statusCode, 200);
    }
    const { upstream_cx_total } = await clusterCounts(proxy, 'app', 'upstream_cx_total');
    assert.equal(upstream_cx_total, 1);
  });

  test('of which the large body is dumped, or left, closes its connection', async (t) => {
    const { sidecar, upstream, proxy } = await OutboundFixture.start(t, (_request, response) => {
      response.on('error', () => {});
      response.end(Buffer.alloc(32 * 1024 * 1024));
    });
    const dumped = await sidecar.request(url);
    dumped.body.dump();
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    const left = await sidecar.request(url);
    for await (const _ of left.body) {
      break;
    }
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    const { upstream_rq_active } = await clusterCounts(proxy, 'app', 'upstream_rq_active');
    assert.equal(upstream_rq_active, 0);
  });

  test('flows while the request still does', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (request, response) =>
      request.pipe(response),
    );
    let answer: (() => void) | undefined;
    const body = (async function* () {
      for (let i = 0; i < 5; i++) {
        yield `${i}`;
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
    })();
    const response = await sidecar.request(url, { method: 'POST', body });
    let seen = '';
    for await (const piece of response.body) {
      seen += piece.toString();
      answer?.();
    }
    assert.equal(seen, '01234');
  });
});

describe('a signal', () => {
  const reason = new Error('enough');

  test('that is aborted already rejects with its reason, and nothing is sent', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t);
    const call = sidecar.request(url, { signal: AbortSignal.abort(reason) });
    assert.equal(await call.catch((error) => error), reason);
    assert.equal(upstream.requests.length, 0);
  });

  test('aborts a call that waits for its response, at once and on both sides', async (t) => {
    const { fixture, waiting } = await startSlow(t);
    const controller = new AbortController();
    const call = fixture.sidecar.request(url, { signal: controller.signal });
    await until(() => waiting.length === 1, 'the request is there');
    controller.abort(reason);
    assert.equal(await call.catch((error) => error), reason);
    await until(() => fixture.upstream.sockets.size === 0, 'the connection is closed');
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    await assertCountedOnce(fixture.proxy, 'app', 0);
    const counts = await clusterCounts(fixture.proxy, 'app', 'upstream_rq_tx_reset');
    assert.equal(counts.upstream_rq_tx_reset, 1);
    const stats = await fixture.proxy.stats();
    assert.equal(stats.get('http.outbound.downstream_rq_rx_reset'), 1);
  });

  test('aborts a call that waits for a connection', async (t) => {
    const fixture = await OutboundFixture.start(t, () => {}, {
      cluster: { circuit_breakers: { default: { max_connections: 1 } } },
    });
    const [first, second] = [new AbortController(), new AbortController()];
    const serving = fixture.sidecar.request(url, { signal: first.signal });
    const waiting = fixture.sidecar.request(url, { signal: second.signal });
    second.abort(reason);
    assert.equal(await waiting.catch((error) => error), reason);
    const counts = await clusterCounts(fixture.proxy, 'app', 'upstream_rq_cancelled');
    assert.equal(counts.upstream_rq_cancelled, 1);
    first.abort(reason);
    assert.equal(await serving.catch((error) => error), reason);
  });

  test('aborts a body while it is read', async (t) => {
    const { fixture, waiting } = await startSlow(t);
    const controller = new AbortController();
    const calling = fixture.sidecar.request(url, { signal: controller.signal });
    await until(() => waiting.length === 1, 'the request is there');
    waiting[0]?.write('hello');
    const response = await calling;
    const text = response.body.text();
    controller.abort(reason);
    assert.equal(await text.catch((error) => error), reason);
    await until(() => fixture.upstream.sockets.size === 0, 'the connection is closed');
  });

  test('aborts a body before it is read', async (t) => {
    const { fixture, waiting } = await startSlow(t);
    const controller = new AbortController();
    const calling = fixture.sidecar.request(url, { signal: controller.signal });
    await until(() => waiting.length === 1, 'the request is there');
    waiting[0]?.write('hello');
    const response = await calling;
    controller.abort(reason);
    await turns();
    assert.equal(await response.body.text().catch((error) => error), reason);
  });

  test('of a time-out rejects with the TimeoutError of the signal', async (t) => {
    const { fixture } = await startSlow(t);
    const call = fixture.sidecar.request(url, { signal: AbortSignal.timeout(1) });
    await assert.rejects(call, { name: 'TimeoutError' });
  });

  test('that is aborted when all is done changes nothing, and is not listened to any more', async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const controller = new AbortController();
    const { signal } = controller;
    for (let i = 0; i < 20; i++) {
      const response = await sidecar.request(url, { signal });
      assert.equal(await response.body.text(), 'hello');
    }
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const last = await sidecar.request(url, { signal });
    await until(() => getEventListeners(signal, 'abort').length === 0, 'the response is complete');
    controller.abort(reason);
    assert.equal(await last.body.text(), 'hello');
  });
});

describe('a host that cannot be trusted', () => {
  test('does not get a second answer through', async (t) => {
    const fixture = await OutboundFixture.startRaw(
      t,
      onRequest(() => `${ok('right')}${ok('forged')}`),
    );
    for (let i = 0; i < 3; i++) {
      assert.equal(await (await fixture.sidecar.request(url)).body.text(), 'right');
    }
    assert.equal(fixture.upstream.connectionCount, 3);
  });

  test('speaks, and the answer is 503', async (t) => {
    const fixture = await OutboundFixture.startRaw(
      t,
      onRequest(() => 'garbage\r\n\r\n'),
    );
    const response = await fixture.sidecar.request(url);
    assert.equal(response.statusCode, 503);
    await response.body.text();
    await assertCountedOnce(fixture.proxy, 'app', 1);
  });
});

test('what cannot be sent rejects, and is never thrown', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t);
  const wrong: readonly (readonly [unknown, unknown])[] = [
    ['not a url', {}],
    [undefined, {}],
    [url, { method: 'GET /evil HTTP/1.1\r\nx:' }],
    [url, { method: 'CONNECT' }],
    [url, { headers: { 'x-a': 'b\r\nx-evil: 1' } }],
    [url, { headers: { 'x-a\r\nx-evil': '1' } }],
    [url, { headers: [['x-a', 'b\0']] }],
    [url, { headers: { host: 'a\nb' } }],
    [url, { headers: 'x-a: b' }],
    [url, { headers: { 'transfer-encoding': 'chunked' } }],
    [url, { headers: { 'content-length': '1, 1' } }],
    [url, { body: 5 }],
    [url, { body: {} }],
    [url, { body: ['a'] }],
    [url, { method: 'POST', body: pieces(5 as unknown as string) }],
    [url, { signal: {} }],
  ];
  for (const [target, options] of wrong) {
    const call = sidecar.request(target as string, options as RequestOptions);
    await assert.rejects(call, { name: 'SidecarError', code: 'SIDECAR_REQUEST_INVALID' });
  }
  assert.ok(
    upstream.requests.every((request) => request.method === 'POST'),
    'only the last but one',
  );
  const response = await sidecar.request(url, null as unknown as RequestOptions);
  assert.equal(response.statusCode, 200);
});

test('many calls at once, with and without bodies, are each answered with their own', async (t) => {
  const { sidecar, proxy } = await OutboundFixture.start(t, echo);
  const calls = Array.from({ length: 300 }, async (_, i) => {
    const body = i % 3 === 0 ? `body ${i}` : i % 3 === 1 ? pieces('body ', `${i}`) : null;
    const response = await sidecar.request(url, { method: 'POST', body });
    const answer = (await response.body.json()) as { body: string };
    return answer.body === (i % 3 === 2 ? '' : `body ${i}`);
  });
  assert.ok((await Promise.all(calls)).every((isRight) => isRight));
  await assertCountedOnce(proxy, 'app', 300);
});
