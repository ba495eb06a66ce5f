import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Json, staticCluster } from '../support/config-builder.js';
import { FakeDns } from '../support/fake-dns.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import {
  type Answer,
  dies,
  hangs,
  type RetryParts,
  RetryProxy,
  type SeenAttempt,
  status,
} from '../support/retry-proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

/** The host that gets the copies. */
class ShadowHost {
  readonly copies: Omit<SeenAttempt, 'host'>[] = [];
  readonly upstream: FakeUpstream;

  private constructor(upstream: FakeUpstream) {
    this.upstream = upstream;
  }

  static async start(t: TestContext, answer: Answer = status(200)): Promise<ShadowHost> {
    const host = new ShadowHost(await FakeUpstream.start());
    t.after(() => host.upstream.close());
    host.upstream.handler = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => {});
      request.on('end', () => {
        const { method = '', url: path = '', headers, trailers } = request;
        const body = Buffer.concat(chunks).toString('latin1');
        host.copies.push({ method, path, headers, trailers, body });
        answer(response, request);
      });
    };
    return host;
  }

  async untilCopies(count: number): Promise<void> {
    await until(() => this.copies.length >= count, `there are ${count} copies`);
    assert.equal(this.copies.length, count);
  }
}

/** A proxy whose one route sends copies to the cluster `next`. */
function startShadowed(
  t: TestContext,
  host: ShadowHost | string,
  parts: Partial<RetryParts> = {},
  cluster: Json = {},
): Promise<RetryProxy> {
  const url = typeof host === 'string' ? host : host.upstream.url;
  return RetryProxy.start(t, {
    answers: [status(200)],
    moreClusters: [staticCluster('next', [url], cluster)],
    ...parts,
    route: { shadow: { cluster: 'next' }, ...parts.route },
  });
}

describe('the copy of a request', () => {
  test('has method, target, headers and body as they go to the host', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host, {
      route: { prefix_rewrite: '/new/', request_headers_to_add: [{ key: 'x-a', value: 'b' }] },
    });
    const body = Buffer.from('hello\r\n\0\xffend', 'latin1');
    const response = await run.proxy.send({ method: 'POST', path: '/x?y', body });
    assert.equal(response.text, 'status 200');
    await host.untilCopies(1);
    const { host: _index, headers, ...rest } = run.attempts[0] ?? assert.fail();
    assert.equal(rest.path, '/new/x?y');
    assert.equal(headers['x-a'], 'b');
    assert.deepEqual(host.copies[0], { ...rest, headers: { ...headers, host: 'foo.com-shadow' } });
  });

  test('has the trailers, too', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host);
    const client = await run.proxy.connect();
    client.write(
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n' +
        '3\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n',
    );
    await client.until('status 200');
    await host.untilCopies(1);
    assert.equal(host.copies[0]?.body, 'abcde');
    assert.deepEqual({ ...host.copies[0]?.trailers }, { 'x-sum': '5' });
  });

  for (const [authority, marked] of [
    ['foo.com', 'foo.com-shadow'],
    ['foo.com:8080', 'foo.com-shadow:8080'],
    ['[::1]:80', '[::1]-shadow:80'],
  ] as const) {
    test(`is marked in its host: ${authority} is ${marked}`, async (t) => {
      const host = await ShadowHost.start(t);
      const run = await startShadowed(t, host);
      await run.proxy.send({ headers: { host: authority } });
      await host.untilCopies(1);
      assert.equal(host.copies[0]?.headers['host'], marked);
      assert.equal(run.attempts[0]?.headers['host'], authority);
    });
  }

  test('is sent once, however often the request is tried', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host, {
      answers: [status(503), status(503), status(200)],
      route: { retry_policy: { retry_on: '5xx', num_retries: 2 } },
    });
    await run.proxy.send({ method: 'POST', body: 'hello' });
    assert.equal(run.attempts.length, 3);
    await host.untilCopies(1);
    assert.equal(await run.count('upstream_rq_total', 'next'), 1);
  });

  test('waits until the request is complete', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host);
    const client = await run.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello');
    await run.untilCount('upstream_cx_active', 1);
    assert.equal(await run.count('upstream_rq_total', 'next'), 0);
    client.write('world');
    await host.untilCopies(1);
    assert.equal(host.copies[0]?.body, 'helloworld');
  });

  test('is not sent of a request that never becomes complete', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host);
    const client = await run.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello');
    await run.untilCount('upstream_cx_active', 1);
    client.socket.destroy();
    await run.proxy.untilStat('downstream_rq_rx_reset', 1);
    assert.equal(await run.count('upstream_cx_total', 'next'), 0);
  });

  test('may be one of the application itself, and of what is for a mounted one', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host, {
      options: { mount: { app: (request, response) => request.pipe(response) } },
    });
    const options = { method: 'POST', body: 'hello' };
    const response = await run.proxy.sidecar.request('http://foo.com/', options);
    assert.equal(await response.body.text(), 'hello');
    assert.equal((await run.proxy.send({ method: 'POST', body: 'world' })).text, 'world');
    await host.untilCopies(2);
    assert.deepEqual(
      host.copies.map(({ body }) => body),
      ['hello', 'world'],
    );
  });
});

describe('runtime_key', () => {
  for (const [value, random, copies] of [
    [undefined, 0, 0],
    ['0', 0, 0],
    ['1', 0, 1],
    ['1', 1, 0],
    ['5000', 4999, 1],
    ['5000', 5000, 0],
    ['5000', 14_999, 1],
    ['10000', 9999, 1],
    ['99999', 9999, 1],
    ['some', 0, 0],
  ] as const) {
    test(`${value} copies ${copies} requests whose number is ${random}`, async (t) => {
      const host = await ShadowHost.start(t);
      const run = await startShadowed(t, host, {
        route: { shadow: { cluster: 'next', runtime_key: 'copies' } },
        random: new ScriptedRandom(random),
      });
      run.proxy.sidecar.runtime.set('copies', value);
      await run.proxy.send();
      assert.equal(await run.count('upstream_rq_total', 'next'), copies);
      await host.untilCopies(copies);
    });
  }
});

describe('the request itself', () => {
  for (const [what, answer, charged] of [
    ['fails', status(500), 500],
    ['breaks off', dies, 503],
  ] as const) {
    test(`goes its way when its copy ${what}, which counts for the other cluster`, async (t) => {
      const host = await ShadowHost.start(t, answer);
      const run = await startShadowed(t, host, {
        route: { retry_policy: { retry_on: '5xx' } },
      });
      assert.equal((await run.proxy.send()).text, 'status 200');
      await host.untilCopies(1);
      await untilCounted(run, `upstream_rq_${charged}`);
      await untilCounted(run, `internal.upstream_rq_${charged}`);
      assert.equal(await run.count('upstream_rq_200'), 1);
      assert.equal(await run.count('upstream_rq_retry'), 0);
    });
  }

  test('goes its way when nobody listens for copies', async (t) => {
    const run = await startShadowed(t, `tcp://127.0.0.1:${await unusedPort()}`);
    assert.equal((await run.proxy.send()).text, 'status 200');
    await untilCounted(run, 'upstream_rq_503');
    assert.equal(await run.count('upstream_cx_connect_fail', 'next'), 1);
    assert.deepEqual(run.proxy.errors, []);
  });

  test('goes its way when the other cluster has no host, or is in maintenance', async (t) => {
    const resolver = new FakeDns();
    const cluster = { type: 'logical_dns' };
    const run = await startShadowed(t, 'tcp://lost:80', { environment: { resolver } }, cluster);
    assert.equal((await run.proxy.send()).text, 'status 200');
    assert.equal(await run.count('upstream_cx_none_healthy', 'next'), 1);
    assert.equal(await run.count('upstream_rq_503', 'next'), 1);
    run.proxy.sidecar.runtime.set('upstream.maintenance_mode.next', '100');
    assert.equal((await run.proxy.send()).text, 'status 200');
    assert.equal(await run.count('upstream_rq_maintenance_mode', 'next'), 1);
    assert.equal(await run.count('upstream_cx_none_healthy', 'next'), 1);
    assert.equal(await run.count('upstream_rq_503', 'next'), 2);
  });

  test('goes its way when a limit of the other cluster is reached', async (t) => {
    const host = await ShadowHost.start(t, hangs);
    const limits = { default: { max_connections: 1, max_pending_requests: 1 } };
    const run = await startShadowed(t, host, {}, { circuit_breakers: limits });
    for (let i = 0; i < 3; i++) {
      assert.equal((await run.proxy.send()).text, 'status 200');
      await run.untilCount('upstream_rq_total', i + 1);
      await until(() => host.copies.length === 1, 'the first copy is under way');
    }
    assert.equal(await run.count('upstream_rq_pending_overflow', 'next'), 1);
    assert.equal(await run.count('upstream_rq_503', 'next'), 1);
  });

  test('does not wait for its copy, which has the time of the route', async (t) => {
    const host = await ShadowHost.start(t, hangs);
    const run = await startShadowed(t, host, { route: { timeout_ms: 100 } });
    assert.equal((await run.proxy.send()).text, 'status 200');
    await host.untilCopies(1);
    run.proxy.clock.advance(99);
    assert.equal(await run.count('upstream_rq_timeout', 'next'), 0);
    run.proxy.clock.advance(1);
    await until(() => host.upstream.sockets.size === 0, 'the copy is given up');
    assert.equal(await run.count('upstream_rq_timeout', 'next'), 1);
    assert.equal(await run.count('upstream_rq_504', 'next'), 1);
    assert.equal(await run.count('upstream_rq_timeout'), 0);
  });

  test('may be without a time-out; its copy then has 15 s', async (t) => {
    const host = await ShadowHost.start(t, hangs);
    const run = await startShadowed(t, host, { route: { timeout_ms: 0 } });
    await run.proxy.send();
    await host.untilCopies(1);
    run.proxy.clock.advance(14_999);
    assert.equal(await run.count('upstream_rq_timeout', 'next'), 0);
    run.proxy.clock.advance(1);
    assert.equal(await run.count('upstream_rq_timeout', 'next'), 1);
  });

  test('goes on without a copy if its body is too large to be kept, which is counted', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host, {
      listener: { per_connection_buffer_limit_bytes: 1000 },
    });
    for (const size of [1001, 1000]) {
      const response = await run.proxy.send({ method: 'POST', body: 'x'.repeat(size) });
      assert.equal(response.text, 'status 200');
      assert.equal(run.attempts.at(-1)?.body.length, size);
    }
    await host.untilCopies(1);
    assert.equal(host.copies[0]?.body.length, 1000);
    assert.equal(await run.count('retry_or_shadow_abandoned'), 1);
  });

  test('may end before its copy has a connection', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host, { answers: [hangs] });
    const client = await run.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello');
    await run.untilAttempts(1);
    client.socket.destroy();
    await host.untilCopies(1);
    assert.equal(host.copies[0]?.body, 'hello');
  });
});

describe('the response to a copy', () => {
  test('is read, so that its connection serves the next one', async (t) => {
    const host = await ShadowHost.start(t);
    const run = await startShadowed(t, host);
    for (let i = 1; i <= 3; i++) {
      await run.proxy.send();
      await host.untilCopies(i);
      await run.untilCount('upstream_rq_active', 0);
      await untilCounted(run, 'upstream_rq_200', i);
    }
    assert.equal(await run.count('upstream_cx_total', 'next'), 1);
  });

  test('is not read for ever', async (t) => {
    const host = await ShadowHost.start(t, (response) => {
      response.on('error', () => {});
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) {}
      };
      response.on('drain', write);
      write();
    });
    const run = await startShadowed(t, host);
    await run.proxy.send();
    await host.untilCopies(1);
    await until(() => host.upstream.sockets.size === 0, 'the connection is closed');
    assert.equal(await run.count('upstream_rq_active', 'next'), 0);
  });

  test('does not hold up the end of the sidecar', async (t) => {
    const host = await ShadowHost.start(t, hangs);
    const run = await startShadowed(t, host);
    await run.proxy.send();
    await host.untilCopies(1);
    await run.proxy.sidecar.close();
    await until(() => host.upstream.sockets.size === 0, 'the connection is closed');
  });
});

/** Waits until a statistic of the cluster of the copies has a value. */
async function untilCounted(run: RetryProxy, name: string, value = 1): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if ((await run.count(name, 'next')) === value) {
      return;
    }
  }
  assert.equal(await run.count(name, 'next'), value, name);
}
