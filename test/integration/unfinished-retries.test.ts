import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { unusedPort } from '../support/fake-upstream.js';
import { RetryProxy, retryOn, status } from '../support/retry-proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';

const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n';

/** The first choice is the first host, and a back-off is half of its bound. */
const half = (): ScriptedRandom => new ScriptedRandom(2 ** 31);

/** A host that refuses connections. */
async function deadHost(): Promise<string> {
  return `tcp://127.0.0.1:${await unusedPort()}`;
}

/** How often reading from clients was stopped. */
async function pauses(run: RetryProxy): Promise<number> {
  const name = 'http.ingress_http.downstream_flow_control_paused_reading_total';
  return (await run.proxy.stats()).get(name) ?? 0;
}

async function untilPaused(run: RetryProxy, times: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if ((await pauses(run)) === times) {
      return;
    }
  }
  assert.fail('reading goes on');
}

describe('a request that has not come completely when a host cannot be reached', () => {
  for (const [what, first, rest] of [
    ['nothing of its body', '', 'helloworld'],
    ['a part of its body', 'hello', 'world'],
  ] as const) {
    test(`is sent to another host, with ${what} at first`, async (t) => {
      const run = await RetryProxy.start(t, {
        firstHosts: [await deadHost()],
        answers: [status(200)],
        random: half(),
        route: retryOn('connect-failure'),
      });
      const client = await run.proxy.connect();
      client.write(head + first);
      await run.untilCount('upstream_cx_total', 2);
      client.write(rest);
      await client.until('status 200');
      assert.deepEqual(
        run.attempts.map(({ body }) => body),
        ['helloworld'],
      );
      assert.equal(await run.count('upstream_rq_retry_success'), 1);
    });
  }

  test('goes on with what comes during the back-off', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 0,
      firstHosts: [await deadHost()],
      answers: [],
      random: half(),
      route: retryOn('connect-failure', { per_try_timeout_ms: 500 }),
    });
    const client = await run.proxy.connect();
    client.write(head);
    await run.untilCount('upstream_rq_retry', 1);
    client.write('helloworld');
    run.proxy.clock.advance(11);
    await run.proxy.stats();
    assert.equal(await run.count('upstream_cx_connect_fail'), 1);
    run.proxy.clock.advance(1);
    assert.match(await client.until('before headers'), /^HTTP\/1\.1 503 /);
    assert.equal(await run.count('upstream_cx_connect_fail'), 2);
    assert.equal(await run.count('upstream_rq_per_try_timeout'), 0);
  });

  test('has no time-out for the attempt before it has come', async (t) => {
    const run = await RetryProxy.start(t, {
      firstHosts: [await deadHost()],
      answers: [status(200)],
      random: half(),
      route: retryOn('connect-failure', { per_try_timeout_ms: 500 }),
    });
    const client = await run.proxy.connect();
    client.write(`${head}hello`);
    await run.untilCount('upstream_cx_total', 2);
    run.proxy.clock.advance(1000);
    client.write('world');
    await client.until('status 200');
    assert.equal(await run.count('upstream_rq_per_try_timeout'), 0);
  });

  test('waits with the rest of an upload that is larger than the buffer', async (t) => {
    const port = await unusedPort();
    const run = await RetryProxy.start(t, {
      hosts: 0,
      firstHosts: [`tcp://127.0.0.1:${port}`],
      answers: [],
      random: half(),
      route: retryOn('connect-failure'),
      listener: { per_connection_buffer_limit_bytes: 1000 },
    });
    const client = await run.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 200600\r\n\r\n');
    await run.untilCount('upstream_rq_retry', 1);
    const before = await pauses(run);
    client.write('x'.repeat(600));
    await untilPaused(run, before + 1);
    client.write('y'.repeat(200_000));
    const bodies: number[] = [];
    const late = createServer((request, response) => {
      let length = 0;
      request.on('data', (chunk: Buffer) => {
        length += chunk.length;
      });
      request.on('end', () => {
        bodies.push(length);
        response.end('it is whole');
      });
    });
    t.after(() => late.close());
    late.listen(port, '127.0.0.1');
    await once(late, 'listening');
    run.proxy.clock.advance(12);
    await client.until('it is whole');
    assert.deepEqual(bodies, [200_600]);
    assert.equal(await run.count('upstream_rq_retry'), 1);
  });

  test('fails at once if its body outgrows the buffer during the back-off', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 0,
      firstHosts: [await deadHost()],
      answers: [],
      random: half(),
      route: retryOn('connect-failure'),
      listener: { per_connection_buffer_limit_bytes: 1000 },
    });
    const client = await run.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2000\r\n\r\n');
    await run.untilCount('upstream_rq_retry', 1);
    client.write('x'.repeat(2000));
    assert.match(await client.until('before headers'), /^HTTP\/1\.1 503 /);
    assert.equal(await run.count('upstream_cx_connect_fail'), 1);
    assert.equal(await run.count('retry_or_shadow_abandoned'), 1);
  });

  test('has not succeeded by a retry whose failure cannot be tried again', async (t) => {
    const run = await RetryProxy.start(t, {
      firstHosts: [await deadHost()],
      answers: [],
      random: half(),
      route: retryOn('5xx', { num_retries: 3 }),
    });
    run.onHead = status(500);
    const client = await run.proxy.connect();
    client.write(`${head}hello`);
    assert.match(await client.until('status 500'), /^HTTP\/1\.1 500 /);
    assert.equal(await run.count('upstream_rq_retry'), 1);
    assert.equal(await run.count('upstream_rq_retry_success'), 0);
  });
});
