import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FetchApplication, FetchHandler } from '../../lib/upstream/fetch-application.js';
import { assertCountedOnce } from '../support/cluster-counts.js';
import { Http2Client } from '../support/http2-client.js';
import { startMounted } from '../support/mounted-proxy.js';
import { until } from '../support/until.js';

const post = 'POST / HTTP/1.1\r\nhost: foo.com\r\nconnection: close\r\n';

/** A filter that looks at bodies: requests take the way through a connection in memory. */
const buffering = {
  filters: [
    { type: 'decoder', name: 'buffer', config: { max_request_bytes: 999, max_request_time_s: 9 } },
    { type: 'decoder', name: 'router', config: {} },
  ],
};

const show: FetchHandler = async (request) =>
  Response.json({
    method: request.method,
    url: request.url,
    own: request.headers.get('x-own'),
    body: await request.text(),
  });

for (const [way, manager] of [
  ['as it came in', {}],
  ['through a filter that reads bodies', buffering],
] as const) {
  test(`hands a request to a fetch-style handler, ${way}`, async (t) => {
    const proxy = await startMounted(t, show, { manager });
    const headers = { 'x-own': ['1', '2'] };
    for (const framing of [{}, { 'content-length': '5' }]) {
      const response = await proxy.send({
        method: 'POST',
        path: '//x?y=1',
        headers: { ...headers, ...framing },
        body: 'hello',
      });
      assert.equal(response.status, 200);
      assert.equal(response.headers['content-type'], 'application/json');
      assert.equal(Number(response.headers['content-length']), response.body.length);
      const url = 'http://foo.com//x?y=1';
      const expected = { method: 'POST', url, own: '1, 2', body: 'hello' };
      assert.deepEqual(JSON.parse(response.text), expected);
    }
    await assertCountedOnce(proxy, 'app', 2);
  });
}

test('serves HTTP/2 and the application’s own calls by a fetch-style handler', async (t) => {
  const proxy = await startMounted(t, show, { manager: { codec_type: 'http2' } });
  const client = Http2Client.connect(proxy);
  const response = await client.send({ body: 'hello' });
  assert.match(response.text, /"body":"hello"/);
  const own = await proxy.sidecar.request('http://app/', { method: 'POST', body: 'own' });
  assert.match(await own.body.text(), /"body":"own"/);
});

test('takes an object with a method fetch, which keeps its own this', async (t) => {
  class Application implements FetchApplication {
    readonly #greeting = 'hello';

    fetch(): Response {
      return new Response(this.#greeting);
    }
  }
  const proxy = await startMounted(t, new Application());
  assert.equal((await proxy.send()).text, 'hello');
});

test('takes a function without parameters for what its result says', async (t) => {
  const proxy = await startMounted(t, () => new Response('hello', { status: 201 }));
  const response = await proxy.send();
  assert.deepEqual([response.status, response.text], [201, 'hello']);
});

test('sends status, reason and each cookie of a Response', async (t) => {
  const proxy = await startMounted(t, (_request: Request) => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    return new Response(null, { status: 404, statusText: 'Nowhere', headers });
  });
  const reply = await proxy.exchange(`${post}content-length: 0\r\n\r\n`);
  assert.match(reply, /^HTTP\/1.1 404 Nowhere\r\n/);
  assert.match(reply, /set-cookie: a=1\r\nset-cookie: b=2\r\n/);
});

test('streams a Response, and stops its source when the client leaves', async (t) => {
  let pulls = 0;
  let isCanceled = false;
  const source = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls++;
        controller.enqueue(new Uint8Array(64 * 1024).fill(120));
      },
      cancel() {
        isCanceled = true;
      },
    });
  const proxy = await startMounted(t, (_request: Request) => new Response(source()));
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('xxxx');
  client.socket.pause();
  client.socket.destroy();
  await until(() => isCanceled, 'the source is told');
  assert.ok(pulls > 0);
  assert.deepEqual(proxy.errors, []);
});

test('a Response that fails while its client does not read harms nobody', async (t) => {
  let pulls = 0;
  const source = () =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        await setImmediate();
        if (++pulls < 4) {
          controller.enqueue(new Uint8Array(8_000_000));
        } else {
          controller.error(new Error('of the body'));
        }
      },
    });
  const proxy = await startMounted(t, (_request: Request) => new Response(source()));
  const client = await proxy.connect();
  client.socket.pause();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => pulls >= 2, 'the source is read');
  for (let i = 0; i < 9; i++) {
    await setImmediate();
  }
  client.socket.resume();
  await client.untilClosed();
  await until(() => proxy.errors.length === 1, 'it is logged');
});

test('sends no body to HEAD, and cancels it', async (t) => {
  let isCanceled = false;
  const body = () =>
    new ReadableStream({
      cancel() {
        isCanceled = true;
      },
    });
  const proxy = await startMounted(t, (_request: Request) => new Response(body()));
  const response = await proxy.send({ method: 'HEAD' });
  assert.deepEqual([response.status, response.text], [200, '']);
  await until(() => isCanceled, 'the body is canceled');
});

test('tells a fetch-style handler by its signal that the client has left', async (t) => {
  let signal: AbortSignal | undefined;
  const proxy = await startMounted(t, async (request: Request) => {
    signal = request.signal;
    return await new Promise<Response>((_resolve, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
    });
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => signal !== undefined, 'the application has the request');
  client.socket.destroy();
  await until(() => signal?.aborted === true, 'the signal is aborted');
  await proxy.untilStat('downstream_rq_active', 0);
  assert.deepEqual(proxy.errors, []);
});

test('tells a fetch-style handler that nothing but its signal holds', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  let isCalled = false;
  let isTold = false;
  const proxy = await startMounted(t, async (request: Request) => {
    isCalled = true;
    request.signal.addEventListener('abort', () => {
      isTold = true;
    });
    return await new Promise<Response>(() => {});
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => isCalled, 'the application has the request');
  await setImmediate();
  collectGarbage();
  await setImmediate();
  collectGarbage();
  client.socket.destroy();
  await until(() => isTold, 'the handler is told');
});

for (const [what, read] of Object.entries({
  cancels: (body) => body.cancel(),
  'reads a part of': (body) => body.getReader().read(),
} satisfies Record<string, (body: ReadableStream) => Promise<unknown>>)) {
  test(`goes on with a connection whose handler ${what} a body`, async (t) => {
    let calls = 0;
    const proxy = await startMounted(t, async (request: Request) => {
      await read(request.body ?? assert.fail('there is a body'));
      return new Response(`enough ${++calls}`);
    });
    const client = await proxy.connect();
    for (let i = 1; i <= 2; i++) {
      const body = 'x'.repeat(300_000);
      client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      await client.until(`enough ${i}`);
    }
  });
}

const failures: Readonly<Record<string, readonly [FetchHandler, RegExp]>> = {
  'throws at once': [
    (_request) => {
      throw new Error('of the application');
    },
    /of the application/,
  ],
  rejects: [(_request) => Promise.reject(new Error('of the application')), /of the application/],
  'returns what is no Response': [
    // As a handler of `node:http` of one parameter would, which the types do not allow.
    ((_request: Request) => undefined) as unknown as FetchHandler,
    /returned no Response; one of node:http takes two parameters/,
  ],
  'returns the error of the standard': [(_request) => Response.error(), /status/i],
  'returns a body that is in use': [
    (_request) => {
      const response = new Response('x');
      response.body?.getReader();
      return response;
    },
    /locked/,
  ],
};

for (const [what, [handler, message]] of Object.entries(failures)) {
  test(`answers 503 for a fetch-style handler that ${what}`, async (t) => {
    const proxy = await startMounted(t, handler);
    assert.equal((await proxy.send({ method: 'POST', body: 'body' })).status, 503);
    assert.equal(await proxy.loggedResult(), '503 LR');
    assert.equal(proxy.errors.length, 1);
    assert.match(proxy.errors[0] ?? '', message);
    await assertCountedOnce(proxy, 'app', 1);
  });
}

test('cuts a Response off whose body fails', async (t) => {
  const proxy = await startMounted(t, (_request: Request) => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await setImmediate();
        if (pulls++ === 0) {
          controller.enqueue(Buffer.from('begun'));
        } else {
          controller.error(new Error('of the body'));
        }
      },
    });
    return new Response(body);
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.doesNotMatch(await client.untilClosed(), /\r\n0\r\n/);
  assert.match(proxy.errors[0] ?? '', /of the body/);
});

test('answers 400 to what no Request can be', async (t) => {
  const proxy = await startMounted(t, (_request: Request) => assert.fail('it is no Request'));
  const head = 'host: foo.com\r\nconnection: close\r\n\r\n';
  assert.match(await proxy.exchange(`TRACE / HTTP/1.1\r\n${head}`), /^HTTP\/1.1 400 /);
});
