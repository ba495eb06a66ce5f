import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { globalAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import { FakeUpstream, RawUpstream, type UpstreamHandler } from '../support/fake-upstream.js';
import { echo } from '../support/outbound-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import { answerAndEnd } from '../support/upstream-scripts.js';

/** A host that no configuration knows, and a sidecar. */
async function start(
  t: TestContext,
  handler?: UpstreamHandler,
): Promise<{ host: FakeUpstream; url: string; sidecar: Sidecar }> {
  const host = await FakeUpstream.start(handler);
  t.after(async () => {
    // What is passed on goes by the application's own agent, which keeps its connections.
    globalAgent.destroy();
    await host.close();
  });
  const proxy = await TestProxy.start(t, { config: { hasListener: false } });
  return { host, url: `http://127.0.0.1:${host.port}/`, sidecar: proxy.sidecar };
}

async function* pieces(...values: string[]): AsyncGenerator<string> {
  yield* values;
}

test('a body arrives, framed as it should be, whatever the method', async (t) => {
  const { sidecar, url } = await start(t, echo);
  for (const method of ['GET', 'POST', 'DELETE']) {
    const whole = await sidecar.request(url, { method, body: 'hällo' });
    const expected = { method, body: 'h\xc3\xa4llo' };
    assert.deepEqual(await whole.body.json(), { ...expected, length: '6' });
    const streamed = await sidecar.request(url, { method, body: pieces('hä', 'llo') });
    assert.deepEqual(await streamed.body.json(), { ...expected, encoding: 'chunked' });
    const sized = await sidecar.request(url, {
      method,
      headers: { 'content-length': '6' },
      body: pieces('hä', 'llo'),
    });
    assert.deepEqual(await sized.body.json(), { ...expected, length: '6' });
  }
  const none = await sidecar.request(url, { method: 'POST' });
  assert.deepEqual(await none.body.json(), { method: 'POST', body: '', length: '0' });
});

test('headers arrive as they are, several values too, and the host that was asked for', async (t) => {
  const { sidecar, url, host } = await start(t);
  const headers = { 'X-A': ['1', '2'], host: 'foo.com', 'x-n': '3' };
  await (await sidecar.request(url, { headers })).body.text();
  const { rawHeaders } = host.requests[0] ?? { rawHeaders: [] };
  assert.deepEqual(rawHeaders.slice(0, 8), ['x-a', '1', 'x-a', '2', 'host', 'foo.com', 'x-n', '3']);
});

test('a response has status, headers, body and trailers', async (t) => {
  const { sidecar, url } = await start(t, (_request, response) => {
    response.writeHead(302, { location: '/elsewhere', 'x-a': ['1', '2'], trailer: 'x-sum' });
    response.write('moved');
    response.addTrailers({ 'X-Sum': '5' });
    response.end();
  });
  const response = await sidecar.request(url);
  assert.equal(response.statusCode, 302, 'nobody follows it');
  assert.equal(response.headers['location'], '/elsewhere');
  assert.deepEqual(response.headers['x-a'], ['1', '2']);
  assert.equal(await response.body.text(), 'moved');
  assert.deepEqual({ ...response.trailers }, { 'x-sum': '5' });
});

test('a response that breaks off fails its body, as everywhere', async (t) => {
  const { sidecar, url } = await start(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('hello', () => response.destroy());
  });
  const response = await sidecar.request(url);
  await assert.rejects(response.body.text(), { code: 'SIDECAR_BODY_ABORTED' });
});

test('a host that does not answer rejects as node:http would', async (t) => {
  const host = await RawUpstream.start(answerAndEnd(''));
  t.after(() => host.close());
  const { sidecar } = await start(t);
  await assert.rejects(sidecar.request(`http://127.0.0.1:${host.port}/`), { code: 'ECONNRESET' });
});

test('a signal aborts with its own reason, before and behind the head', async (t) => {
  const waiting: ServerResponse[] = [];
  const { sidecar, url, host } = await start(t, (_request, response) => waiting.push(response));
  const reason = new Error('enough');
  const early = new AbortController();
  const call = sidecar.request(url, { signal: early.signal });
  await until(() => waiting.length === 1, 'the request is there');
  early.abort(reason);
  assert.equal(await call.catch((error) => error), reason);
  const late = new AbortController();
  const calling = sidecar.request(url, { signal: late.signal });
  await until(() => waiting.length === 2, 'the request is there');
  waiting[1]?.write('hello');
  const text = (await calling).body.text();
  late.abort(reason);
  assert.equal(await text.catch((error) => error), reason);
  await until(() => host.sockets.size === 0, 'the connections are closed');
  assert.equal(getEventListeners(late.signal, 'abort').length, 0);
});

test('a body that throws rejects with what it throws', async (t) => {
  const { sidecar, url, host } = await start(t, () => {});
  const failure = new Error('out of ink');
  const body = (async function* () {
    yield 'hello';
    throw failure;
  })();
  const call = sidecar.request(url, { method: 'POST', body });
  assert.equal(await call.catch((error) => error), failure);
  await until(() => host.sockets.size === 0, 'the connection is closed');
});

test('a response that ends before the request releases its body', async (t) => {
  const { sidecar, url } = await start(t, (_request, response) => response.end('enough'));
  const endless = new Readable({ read() {} });
  endless.push('some');
  const response = await sidecar.request(url, { method: 'POST', body: endless });
  assert.equal(await response.body.text(), 'enough');
  await until(() => endless.destroyed, 'the stream is destroyed');
});

test('a body is pulled no faster than the host reads, and then all of it arrives', async (t) => {
  let incoming: IncomingMessage | undefined;
  const { sidecar, url } = await start(t, (request, response) => {
    incoming = request.pause();
    let read = 0;
    request.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    request.on('end', () => response.end(String(read)));
  });
  let pulled = 0;
  const body = (async function* () {
    while (pulled < 1000) {
      pulled++;
      yield Buffer.alloc(64 * 1024);
    }
  })();
  const call = sidecar.request(url, { method: 'POST', body });
  await until(() => incoming !== undefined, 'the request is there');
  await untilSteady(() => pulled);
  assert.ok(pulled < 500, `${pulled} pieces have been pulled`);
  incoming?.resume();
  assert.equal(await (await call).body.text(), String(1000 * 64 * 1024));
});

test('a response is read no faster than the caller reads, and then all of it arrives', async (t) => {
  let written = 0;
  const { sidecar, url } = await start(t, (_request, response) => {
    const write = (): void => {
      written++;
      if (written < 1000) {
        response.write(Buffer.alloc(64 * 1024), write);
      } else {
        response.end(Buffer.alloc(64 * 1024));
      }
    };
    write();
  });
  const response = await sidecar.request(url);
  await untilSteady(() => written);
  assert.ok(written < 500, `${written} pieces have been written`);
  assert.equal((await response.body.bytes()).length, 1000 * 64 * 1024);
});

/** Waits until a number does not change any more. */
async function untilSteady(read: () => number): Promise<void> {
  let last = -1;
  let steadyTurns = 0;
  await until(() => {
    steadyTurns = read() === last ? steadyTurns + 1 : 0;
    last = read();
    return steadyTurns > 1000;
  }, 'nothing moves any more');
}
