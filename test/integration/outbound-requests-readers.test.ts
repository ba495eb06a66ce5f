import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, type TestContext, test } from 'node:test';
import type { UpstreamHandler } from '../support/fake-upstream.js';
import { OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';

const url = 'http://app/';
const large = Buffer.alloc(4 * 1024 * 1024, 'pillion ');

const sendLarge: UpstreamHandler = (_request, response) => {
  response.on('error', () => {});
  response.end(large);
};

describe('the body of a response', () => {
  test('is read as JSON of the type that is asked for', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.end('{"id":7}');
    });
    const { id } = await (await sidecar.request(url)).body.json<{ id: number }>();
    assert.equal(id, 7);
  });

  test('is read into an ArrayBuffer of its own', async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const buffer = await (await sidecar.request(url)).body.arrayBuffer();
    assert.ok(buffer instanceof ArrayBuffer);
    assert.equal(buffer.byteLength, 5);
    assert.equal(Buffer.from(buffer).toString(), 'hello');
  });

  test('is read as a stream of Node.js', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, sendLarge);
    const hash = createHash('sha256');
    await pipeline((await sidecar.request(url)).body.stream(), hash);
    assert.equal(hash.digest('hex'), createHash('sha256').update(large).digest('hex'));
  });

  test('is read as a web stream, for example by a Response', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, sendLarge);
    const { body } = await sidecar.request(url);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.webStream()) {
      chunks.push(chunk);
    }
    assert.ok(Buffer.concat(chunks).equals(large));
    const again = await sidecar.request(url);
    const response = new Response(
      again.body.webStream() as unknown as ConstructorParameters<typeof Response>[0],
    );
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(large));
  });

  test('is read once, whoever reads it', async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const isInvalid = { name: 'SidecarError', code: 'SIDECAR_BODY_INVALID' };
    const { body } = await sidecar.request(url);
    body.stream().destroy();
    assert.equal(body.bodyUsed, true);
    assert.throws(() => body.stream(), isInvalid);
    assert.throws(() => body.webStream(), isInvalid);
    await assert.rejects(body.text(), isInvalid);
    await assert.rejects(body.arrayBuffer(), isInvalid);
  });

  for (const how of ['stream', 'webStream'] as const) {
    test(`closes its connection when its ${how} is given up`, async (t) => {
      const { sidecar, upstream } = await OutboundFixture.start(t, (_request, response) => {
        response.on('error', () => {});
        response.write('begun');
      });
      const { body } = await sidecar.request(url);
      if (how === 'stream') {
        body.stream().destroy();
      } else {
        await body.webStream().cancel();
      }
      await until(() => upstream.sockets.size === 0, 'the connection is closed');
    });

    test(`that breaks off fails its ${how}`, async (t) => {
      const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
        response.writeHead(200, { 'content-length': '10' });
        response.write('hello', () => response.destroy());
      });
      const { body } = await sidecar.request(url);
      const stream = body[how]();
      await assert.rejects(
        async () => {
          for await (const _ of stream);
        },
        { code: 'SIDECAR_BODY_ABORTED' },
      );
    });
  }

  test('flows no faster than what its stream is piped into', async (t) => {
    let written = 0;
    const piece = Buffer.alloc(256 * 1024);
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.on('error', () => {});
      const write = (): void => {
        written += piece.length;
        if (written < 64 * 1024 * 1024) {
          response.write(piece, write);
        }
      };
      write();
    });
    const stuck = new Writable({ write() {} });
    const stream = (await sidecar.request(url)).body.stream();
    stream.pipe(stuck);
    let last = -1;
    let steadyTurns = 0;
    await until(() => {
      steadyTurns = written === last ? steadyTurns + 1 : 0;
      last = written;
      return steadyTurns === 1000;
    }, 'the host is stuck');
    assert.ok(written < 32 * 1024 * 1024, `${written} bytes have gone somewhere`);
    stream.destroy();
  });
});

describe('a host’s interim responses', () => {
  test('are passed over, and the response behind them is the response', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.writeContinue();
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeProcessing();
      response.end('hello');
    });
    for (const method of ['GET', 'POST']) {
      const response = await sidecar.request(url, { method });
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers['link'], undefined);
      assert.equal(await response.body.text(), 'hello');
    }
  });
});

/** A host that begins its responses, and calls without a time-out of their own. */
async function startEndless(
  t: TestContext,
): Promise<{ fixture: OutboundFixture; responses: ServerResponse[] }> {
  const responses: ServerResponse[] = [];
  const fixture = await OutboundFixture.start(t, (_request, response) => {
    response.on('error', () => {});
    response.write('begun');
    responses.push(response);
  });
  return { fixture, responses };
}

/** Beyond the time-out of the route, which an endless response would run into first. */
const headers = { 'x-envoy-upstream-rq-timeout-ms': '3600000' };
const minuteMs = 60_000;

describe('a response that nobody reads', () => {
  test('gives its connection up after a minute, is counted, and its late reader is told', async (t) => {
    const { fixture } = await startEndless(t);
    const { sidecar, upstream, proxy } = fixture;
    const { body } = await sidecar.request(url, { headers });
    proxy.clock.advance(minuteMs - 1);
    assert.equal(upstream.sockets.size, 1);
    assert.equal((await proxy.stats()).get('http.outbound.downstream_rq_idle_timeout'), 0);
    proxy.clock.advance(minuteMs / 4 + 1);
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    const stats = await proxy.stats();
    assert.equal(stats.get('http.outbound.downstream_rq_idle_timeout'), 1);
    assert.equal(stats.get('http.outbound.downstream_rq_rx_reset'), 1);
    assert.equal(stats.get('cluster.app.upstream_rq_active'), 0);
    await assert.rejects(body.text(), {
      code: 'SIDECAR_BODY_ABORTED',
      message: /nobody has read it for a minute/,
    });
  });

  test('whole, or to its end, is no matter of time', async (t) => {
    const { sidecar, proxy } = await OutboundFixture.start(t);
    const { body } = await sidecar.request(url, { headers });
    proxy.clock.advance(60 * minuteMs);
    assert.equal(await body.text(), 'hello');
    assert.equal((await proxy.stats()).get('http.outbound.downstream_rq_idle_timeout'), 0);
  });

  test('any further is given up after five minutes', async (t) => {
    const { fixture } = await startEndless(t);
    const { sidecar, upstream, proxy } = fixture;
    const pieces = (await sidecar.request(url, { headers })).body[Symbol.asyncIterator]();
    assert.equal((await pieces.next()).value?.toString(), 'begun');
    proxy.clock.advance(5 * minuteMs - 1);
    assert.equal(upstream.sockets.size, 1);
    proxy.clock.advance(minuteMs / 4 + 1);
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    await assert.rejects(pieces.next(), {
      code: 'SIDECAR_BODY_ABORTED',
      message: /nobody has read on for five minutes/,
    });
  });

  test('is another matter than one whose reader waits for the host, or reads now and then', async (t) => {
    const { fixture, responses } = await startEndless(t);
    const { sidecar, proxy } = fixture;
    const all = (await sidecar.request(url, { headers })).body.text();
    const waiting = (await sidecar.request(url, { headers })).body[Symbol.asyncIterator]();
    await waiting.next();
    const next = waiting.next();
    proxy.clock.advance(30 * minuteMs);
    for (const response of responses) {
      response.end(', done');
    }
    assert.equal(await all, 'begun, done');
    assert.equal((await next).value?.toString(), ', done');

    const slow = (await sidecar.request(url, { headers })).body[Symbol.asyncIterator]();
    const response = responses.at(-1);
    for (let i = 0; i < 10; i++) {
      assert.equal((await slow.next()).done, false);
      response?.write('more');
      proxy.clock.advance(4 * minuteMs);
    }
    await slow.return?.();
  });
});
