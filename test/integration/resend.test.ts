import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import type { Json } from '../support/config-builder.js';
import { RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import { ok } from '../support/upstream-scripts.js';

/** What a host does with a request on a connection that has served one before. */
type Fate = (socket: Socket) => void;

/** A host whose connections serve one request each; of the second one they die. */
class ForgetfulHost {
  readonly upstream: RawUpstream;
  readonly proxy: TestProxy;
  /** What has been read on each connection. */
  readonly received: string[];

  private constructor(upstream: RawUpstream, proxy: TestProxy, received: string[]) {
    this.upstream = upstream;
    this.proxy = proxy;
    this.received = received;
  }

  /** `fresh`: what a connection does with its first request; default: answers it. */
  static async start(
    t: TestContext,
    fate: Fate,
    cluster: Json = {},
    fresh: Fate = (socket) => socket.write(ok()),
  ): Promise<ForgetfulHost> {
    const received: string[] = [];
    const upstream = await RawUpstream.start((socket) => {
      const index = received.push('') - 1;
      let requests = 0;
      let isWarm = false;
      socket.on('data', (chunk) => {
        received[index] += chunk.toString('latin1');
        const count = received[index]?.match(/HTTP\/1\.1\r\n/g)?.length ?? 0;
        if (count > requests) {
          requests = count;
          const isFirst = !isWarm;
          isWarm = true;
          if (!isFirst) {
            fate(socket);
          } else if (index === 0) {
            socket.write(ok('warm'));
          } else {
            whenComplete(
              () => received[index] ?? '',
              socket,
              () => fresh(socket),
            );
          }
        }
      });
    });
    const proxy = await TestProxy.start(t, { upstream, cluster });
    return new ForgetfulHost(upstream, proxy, received);
  }

  /** Sends a request so that there is a connection to reuse. */
  async warm(): Promise<void> {
    assert.equal((await this.proxy.send()).text, 'warm');
  }

  counts(): Promise<Record<string, number>> {
    return clusterCounts(
      this.proxy,
      'app',
      'upstream_rq_reused_cx_resend',
      'upstream_rq_reused_cx_resend_overflow',
      'upstream_rq_503',
    );
  }
}

/** Waits for the end of a request with a body before it is answered. */
function whenComplete(received: () => string, socket: Socket, answer: () => void): void {
  const isComplete = (): boolean => {
    const text = received();
    const head = text.indexOf('\r\n\r\n');
    const length = /\r\ncontent-length: (\d+)\r\n/.exec(text)?.[1];
    if (length !== undefined) {
      return text.length >= head + 4 + Number(length);
    }
    return !text.includes('\r\ntransfer-encoding: chunked\r\n') || text.endsWith('\r\n0\r\n\r\n');
  };
  if (isComplete()) {
    answer();
  } else {
    socket.on('data', () => {
      if (isComplete()) {
        answer();
      }
    });
  }
}

const closes: Fate = (socket) => socket.end();
const resets: Fate = (socket) => socket.resetAndDestroy();

function bodyOf(received: string | undefined): string {
  return received?.slice(received.indexOf('\r\n\r\n') + 4) ?? '';
}

describe('a request that dies with a reused connection', () => {
  for (const [what, fate] of [
    ['closed', closes],
    ['reset', resets],
  ] as const) {
    test(`that is ${what} is sent once more on a fresh one, and the client does not notice`, async (t) => {
      const host = await ForgetfulHost.start(t, fate);
      await host.warm();
      const response = await host.proxy.send();
      assert.equal(response.status, 200);
      assert.equal(response.text, 'hello');
      assert.equal(host.upstream.connectionCount, 2);
      assert.deepEqual(await host.counts(), {
        upstream_rq_reused_cx_resend: 1,
        upstream_rq_reused_cx_resend_overflow: 0,
        upstream_rq_503: 0,
      });
      await assertCountedOnce(host.proxy, 'app', 2);
    });
  }

  for (const method of ['HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) {
    test(`is sent once more if it is ${method}`, async (t) => {
      const host = await ForgetfulHost.start(t, closes);
      await host.warm();
      assert.equal((await host.proxy.send({ method })).status, 200);
      assert.match(host.received[1] ?? '', new RegExp(`^${method} `));
    });
  }

  for (const method of ['POST', 'PATCH']) {
    test(`is not sent again if it is ${method}, with or without a body`, async (t) => {
      for (const body of [undefined, 'hello']) {
        const host = await ForgetfulHost.start(t, closes);
        await host.warm();
        const response = await host.proxy.send({ method, ...(body === undefined ? {} : { body }) });
        assert.equal(response.status, 503);
        assert.equal(host.upstream.connectionCount, 1);
        assert.equal((await host.counts())['upstream_rq_reused_cx_resend'], 0);
        await assertCountedOnce(host.proxy, 'app', 2);
      }
    });
  }

  test('is sent with the same head and body', async (t) => {
    const host = await ForgetfulHost.start(t, closes);
    await host.warm();
    const body = 'x'.repeat(60_000);
    const headers = { 'x-a': 'b', 'content-length': String(body.length) };
    assert.equal((await host.proxy.send({ method: 'PUT', headers, body })).status, 200);
    const first = host.received[0]?.slice(host.received[0].indexOf('PUT ')) ?? '';
    const second = host.received[1] ?? '';
    assert.equal(
      second.slice(0, second.indexOf('\r\n\r\n')),
      first.slice(0, first.indexOf('\r\n\r\n')),
    );
    assert.equal(bodyOf(second), body);
  });

  test('is sent with a body in chunks, trailers and all', async (t) => {
    const host = await ForgetfulHost.start(t, closes);
    await host.warm();
    const client = await host.proxy.connect();
    client.write(
      'PUT / HTTP/1.1\r\nhost: foo.com\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n' +
        '5\r\nhello\r\n0\r\n\r\n',
    );
    assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 /);
    assert.equal(bodyOf(host.received[1]), '5\r\nhello\r\n0\r\n\r\n');
  });

  test('while its body is under way is sent with what there was, and goes on', async (t) => {
    const host = await ForgetfulHost.start(t, closes);
    await host.warm();
    const client = await host.proxy.connect();
    client.write('PUT / HTTP/1.1\r\nhost: foo.com\r\ncontent-length: 10\r\n\r\nhello');
    await until(() => bodyOf(host.received[1]) === 'hello', 'the first half has come again');
    client.write('world');
    await client.until('\r\n\r\nhello');
    assert.equal(bodyOf(host.received[1]), 'helloworld');
    await assertCountedOnce(host.proxy, 'app', 2);
  });

  test('is not sent again with a body of more than 64 KiB', async (t) => {
    const host = await ForgetfulHost.start(t, (socket) => {
      // Not before enough of it is there.
      socket.on('data', () => {
        if ((host.received[0]?.length ?? 0) > 100_000) {
          socket.end();
        }
      });
    });
    await host.warm();
    const body = 'x'.repeat(200_000);
    const headers = { 'content-length': String(body.length) };
    const response = await host.proxy.send({ method: 'PUT', headers, body });
    assert.equal(response.status, 503);
    assert.equal(host.upstream.connectionCount, 1);
    await assertCountedOnce(host.proxy, 'app', 2);
  });

  test('behind a byte of the response is not sent again', async (t) => {
    const host = await ForgetfulHost.start(t, (socket) => socket.end('H'));
    await host.warm();
    assert.equal((await host.proxy.send()).status, 503);
    assert.equal(host.upstream.connectionCount, 1);
    await assertCountedOnce(host.proxy, 'app', 2);
  });

  test('is not sent a third time', async (t) => {
    const host = await ForgetfulHost.start(t, closes, {}, closes);
    await host.warm();
    assert.equal((await host.proxy.send()).status, 503);
    assert.equal(host.upstream.connectionCount, 2);
    assert.deepEqual(await host.counts(), {
      upstream_rq_reused_cx_resend: 1,
      upstream_rq_reused_cx_resend_overflow: 0,
      upstream_rq_503: 1,
    });
    await assertCountedOnce(host.proxy, 'app', 2);
  });

  test('is not sent again when max_retries admits none', async (t) => {
    const host = await ForgetfulHost.start(t, closes, {
      circuit_breakers: { default: { max_retries: 0 } },
    });
    await host.warm();
    assert.equal((await host.proxy.send()).status, 503);
    assert.deepEqual(await host.counts(), {
      upstream_rq_reused_cx_resend: 0,
      upstream_rq_reused_cx_resend_overflow: 1,
      upstream_rq_503: 1,
    });
    await assertCountedOnce(host.proxy, 'app', 2);
  });

  test('gives its place among max_retries back', async (t) => {
    const host = await ForgetfulHost.start(t, closes, {
      circuit_breakers: { default: { max_retries: 1 } },
    });
    await host.warm();
    for (let i = 0; i < 5; i++) {
      assert.equal((await host.proxy.send()).status, 200);
    }
    assert.equal((await host.counts())['upstream_rq_reused_cx_resend'], 5);
  });
});

test('a client that leaves while its request is sent again gives the place back', async (t) => {
  let fresh: Fate = () => {};
  const limits = { circuit_breakers: { default: { max_retries: 1 } } };
  const host = await ForgetfulHost.start(t, closes, limits, (socket) => fresh(socket));
  await host.warm();
  const client = await host.proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: foo.com\r\n\r\n');
  await until(() => host.received[1]?.startsWith('GET ') === true, 'it has been sent again');
  client.socket.destroy();
  await host.proxy.untilStat('downstream_rq_rx_reset', 1);
  fresh = (socket) => socket.write(ok());
  await host.proxy.send();
  assert.equal((await host.proxy.send()).status, 200);
  assert.deepEqual(await host.counts(), {
    upstream_rq_reused_cx_resend: 2,
    upstream_rq_reused_cx_resend_overflow: 0,
    upstream_rq_503: 0,
  });
});

test('a connection that the host closes while it is idle costs nothing', async (t) => {
  const host = await ForgetfulHost.start(t, closes);
  await host.warm();
  for (const socket of host.upstream.sockets) {
    socket.end();
  }
  await until(() => host.upstream.sockets.size === 0, 'the connection is gone');
  assert.equal((await host.proxy.send({ method: 'POST' })).status, 200);
  assert.equal((await host.counts())['upstream_rq_reused_cx_resend'], 0);
});
