import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable, Stream } from 'node:stream';
import { test } from 'node:test';
import type { DispatchController } from '../../lib/egress/dispatcher/dispatch-handler.js';
import { virtualHost } from '../support/config-builder.js';
import {
  ControllerRecorder,
  dispatchAndRecord,
  type HandlerRecorder,
  LegacyRecorder,
} from '../support/dispatch-recorder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { echo, OutboundFixture } from '../support/outbound-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const origin = 'http://app';
const get = { origin, path: '/', method: 'GET' };

const generations: readonly [string, () => HandlerRecorder][] = [
  ['onConnect', () => new LegacyRecorder()],
  ['onRequestStart', () => new ControllerRecorder()],
];

for (const [generation, create] of generations) {
  test(`a handler with ${generation} hears of head, body and trailers in order`, async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, (_request, response) => {
      response.writeHead(201, { 'X-A': ['1', '2'], trailer: 'x-t' });
      response.write('hello');
      response.addTrailers({ 'x-t': 'end' });
      response.end();
    });
    const recorder = create();
    assert.equal(sidecar.dispatcher.dispatch(get, recorder), true);
    assert.deepEqual(recorder.events, ['start'], 'nothing before dispatch has returned');
    await recorder.done;
    assert.deepEqual(recorder.events, ['start', 'started', 'head', 'data', 'end']);
    const { status, statusText, headers, text, trailers } = recorder;
    assert.deepEqual([status, statusText, text], [201, 'Created', 'hello']);
    assert.deepEqual(headers['x-a'], ['1', '2']);
    assert.deepEqual(trailers, { 'x-t': 'end' });
    assert.equal(upstream.requests[0]?.headers.host, 'app');
  });

  test(`a handler with ${generation} pauses at the head, and goes on when it resumes`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const recorder = create();
    recorder.pauseAt = 'head';
    sidecar.dispatcher.dispatch(get, recorder);
    await until(() => recorder.events.includes('head'), 'the head');
    await (await sidecar.request('http://app/')).body.text();
    assert.equal(recorder.events.at(-1), 'head');
    recorder.resume();
    await recorder.done;
    assert.equal(recorder.text, 'hello');
  });

  test(`a handler with ${generation} that stays paused holds the host back`, async (t) => {
    const size = 32 * 1024 * 1024;
    const { sidecar, upstream } = await OutboundFixture.start(t, (request, response) => {
      response.end(request.method === 'HEAD' ? undefined : Buffer.alloc(size));
    });
    const recorder = create();
    recorder.pauseAt = 'data';
    sidecar.dispatcher.dispatch(get, recorder);
    await until(() => recorder.events.includes('data'), 'a piece of the body');
    // In the time of these the host would have been read to its end.
    for (let i = 0; i < 100; i++) {
      await (await sidecar.request('http://app/', { method: 'HEAD' })).body.text();
    }
    const [socket] = upstream.sockets;
    assert.ok((socket?.writableLength ?? 0) > 0, 'the host has been read to its end');
    recorder.pauseAt = undefined;
    recorder.resume();
    await recorder.done;
    assert.equal(recorder.byteCount, size);
  });

  for (const isBegun of [false, true]) {
    const patience = isBegun ? 300_000 : 60_000;
    test(`a handler with ${generation} that ${isBegun ? 'stops' : 'never begins'} to read is given up after ${patience} ms`, async (t) => {
      const { sidecar, proxy, upstream } = await OutboundFixture.start(
        t,
        (_request, response) => response.end(Buffer.alloc(16 * 1024 * 1024)),
        { config: { hasListener: true, virtualHosts: [virtualHost(['app'], 'app')] } },
      );
      const recorder = create();
      recorder.pauseAt = 'data';
      sidecar.dispatcher.dispatch(get, recorder);
      await until(() => recorder.events.includes('data'), 'a piece of the body');
      if (isBegun) {
        recorder.resume();
        await until(() => recorder.events.length > 4, 'the next piece');
      }
      proxy.clock.advance(patience - 15_000);
      assert.equal(upstream.sockets.size, 1);
      proxy.clock.advance(30_000);
      assert.equal((recorder.error as { code?: string }).code, 'SIDECAR_BODY_ABORTED');
      await until(() => upstream.sockets.size === 0, 'the host is let go');
      assert.equal(await proxy.stat('downstream_rq_idle_timeout'), 1);
    });
  }

  test(`a handler with ${generation} that aborts gets its reason and the host is left`, async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, (_request, response) => {
      response.write('part');
    });
    const recorder = create();
    sidecar.dispatcher.dispatch(get, recorder);
    await until(() => recorder.events.includes('data'), 'a piece of the body');
    const reason = new Error('enough');
    recorder.abort(reason);
    assert.equal(recorder.error, reason);
    assert.equal(recorder.events.at(-1), 'error');
    await until(() => upstream.sockets.size === 0, 'the end of the connection');
  });

  test(`a handler with ${generation} that aborts without a reason gets undici's error`, async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t);
    const recorder = create();
    recorder.onStarting = () => recorder.abort();
    sidecar.dispatcher.dispatch(get, recorder);
    const { name, code } = recorder.error as Error & { code: string };
    assert.deepEqual([name, code], ['AbortError', 'UND_ERR_ABORTED']);
    assert.equal(upstream.requests.length, 0);
  });

  for (const event of ['start', 'head', 'data', 'end']) {
    test(`what a handler with ${generation} throws at ${event} it gets as its error`, async (t) => {
      const { sidecar } = await OutboundFixture.start(t);
      const recorder = create();
      const error = new Error('broken handler');
      recorder.throwAt = { event, error };
      sidecar.dispatcher.dispatch(get, recorder);
      await assert.rejects(recorder.done, error);
      assert.equal(await (await sidecar.request('http://app/')).body.text(), 'hello');
    });
  }

  test(`a handler with ${generation} hears why a request cannot be sent`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    for (const wrong of [
      { method: 'CONNECT' },
      { path: 'list' },
      { path: '/a b' },
      { method: 'GET /' },
      { headers: ['x'] },
      { headers: { 'x a': '1' } },
      { headers: { 'transfer-encoding': 'chunked' } },
      { body: 7 },
      { body: 'two', headers: { 'content-length': '2' } },
      { path: '/?a=1', query: { b: 2 } },
    ]) {
      const recorder = create();
      assert.equal(sidecar.dispatcher.dispatch({ ...get, ...wrong }, recorder), false);
      assert.equal((recorder.error as { code?: string }).code, 'SIDECAR_REQUEST_INVALID');
    }
  });

  test(`a host that is not known gets a handler with ${generation} as if without us`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const host = await FakeUpstream.start((_request, response) => {
      response.writeHead(200, { 'x-a': ['1', '2'], connection: 'close' }).end('elsewhere');
    });
    t.after(() => host.close());
    const recorder = create();
    const url = `http://127.0.0.1:${host.port}`;
    await dispatchAndRecord(sidecar.dispatcher, { ...get, origin: url }, recorder);
    assert.deepEqual([recorder.status, recorder.text], [200, 'elsewhere']);
    assert.deepEqual(recorder.headers['x-a'], ['1', '2']);
  });
}

async function* pieces(...values: string[]): AsyncGenerator<string> {
  yield* values;
}

test('a body of any kind arrives, with its length where it is known', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const hello = Buffer.from('hello');
  const known = ['hello', hello, new Uint8Array(hello), new Blob(['hello'])];
  const streamed = [Readable.from(['hel', 'lo']), pieces('hel', 'lo'), ['hel', 'lo']];
  for (const body of [...known, ...streamed]) {
    const recorder = new ControllerRecorder();
    await dispatchAndRecord(sidecar.dispatcher, { ...get, method: 'POST', body }, recorder);
    const isKnown = known.includes(body as string);
    assert.deepEqual(JSON.parse(recorder.text), {
      method: 'POST',
      body: 'hello',
      ...(isKnown ? { length: '5' } : { encoding: 'chunked' }),
    });
    assert.ok(recorder.sent > 0 && recorder.isSent);
  }
});

test('a form arrives with its fields, its files and its type', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, echo);
  const body = new FormData();
  body.append('field', 'value');
  body.append('file', new Blob(['content']), 'name.txt');
  const recorder = new ControllerRecorder();
  await dispatchAndRecord(sidecar.dispatcher, { ...get, method: 'POST', body }, recorder);
  assert.match(upstream.requests[0]?.headers['content-type'] ?? '', /^multipart\/form-data; bound/);
  for (const part of ['name="field"', 'value', 'filename="name.txt"', 'content']) {
    assert.ok(JSON.parse(recorder.text).body.includes(part), part);
  }
});

test('a stream that begins only when it is told to, as a form of form-data, is sent', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const body: Stream = Object.assign(new Stream(), {
    pause: () => {},
    resume: () => {
      body.emit('data', Buffer.from('hello'));
      body.emit('end');
    },
  });
  const recorder = new ControllerRecorder();
  await dispatchAndRecord(sidecar.dispatcher, { ...get, method: 'POST', body }, recorder);
  assert.equal(JSON.parse(recorder.text).body, 'hello');
});

test('a body of a request that is refused is released, and what it emits then harms nobody', async (t) => {
  const { sidecar } = await OutboundFixture.start(t);
  const old: Stream = Object.assign(new Stream(), {
    pause: () => {},
    resume: () => {
      setImmediate(() => old.emit('error', new Error('nobody reads it')));
    },
  });
  const stream = Readable.from(['hello']);
  for (const body of [old, stream]) {
    const handler = new LegacyRecorder();
    // Whoever cannot be given the connection asks for one all the same.
    Object.defineProperty(handler, 'onUpgrade', { value: undefined });
    const options = { ...get, method: 'POST', upgrade: 'websocket', body };
    assert.equal(sidecar.dispatcher.dispatch(options, handler), false);
    await assert.rejects(handler.done, { code: 'SIDECAR_REQUEST_INVALID' });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(stream.destroyed);
});

test('headers of any form arrive, and a query is added to the path', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t);
  const forms = [
    ['x-a', ['1', '2'], 'x-n', 3],
    [
      ['x-a', '1'],
      ['x-a', '2'],
      ['x-n', '3'],
    ].values(),
    { 'X-A': ['1', '2'], 'x-n': 3 },
  ];
  for (const headers of forms) {
    const recorder = new ControllerRecorder();
    await dispatchAndRecord(sidecar.dispatcher, { ...get, headers, query: { q: 'ä' } }, recorder);
    const request = upstream.requests.at(-1);
    assert.deepEqual([request?.headers['x-a'], request?.headers['x-n']], ['1, 2', '3']);
    assert.equal(request?.url, '/?q=%C3%A4');
  }
});

test('interceptors see the requests, the last one first', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t);
  const composed = sidecar.dispatcher.compose(
    (dispatch) => (options, handler) => dispatch({ ...options, path: `${options.path}a` }, handler),
    (dispatch) => (options, handler) => dispatch({ ...options, path: `${options.path}b` }, handler),
  );
  assert.equal(await (await fetch('http://app/', { dispatcher: composed })).text(), 'hello');
  assert.equal(upstream.requests[0]?.url, '/ba');
});

test('close waits for what is under way and refuses the rest; destroy ends it', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, () => {});
  const { dispatcher } = sidecar;
  const first = new ControllerRecorder();
  dispatcher.dispatch(get, first);
  await until(() => upstream.requests.length === 1, 'the request');
  const closed = dispatcher.close();
  const second = new ControllerRecorder();
  assert.equal(dispatcher.dispatch(get, second), false);
  assert.equal((second.error as { code?: string }).code, 'UND_ERR_CLOSED');
  assert.deepEqual([dispatcher.closed, dispatcher.destroyed], [true, false]);
  await dispatcher.destroy();
  assert.equal((first.error as { code?: string }).code, 'UND_ERR_DESTROYED');
  await closed;
  assert.equal(dispatcher.destroyed, true);
  assert.equal(
    await sidecar
      .request('http://app/', { signal: AbortSignal.abort() })
      .catch((error: Error) => error.name),
    'AbortError',
  );
});

test('a sidecar that is closed refuses requests to its hosts', async (t) => {
  const { sidecar } = await OutboundFixture.start(t);
  const { dispatcher } = sidecar;
  await sidecar.close();
  const recorder = new ControllerRecorder();
  dispatcher.dispatch(get, recorder);
  assert.equal((recorder.error as { code?: string }).code, 'SIDECAR_CLOSED');
});

test('put in the place of the global dispatcher, it passes on to the one before', async (t) => {
  const { sidecar } = await OutboundFixture.start(t);
  const host = await FakeUpstream.start((_request, response) => {
    response.writeHead(200, { connection: 'close' }).end('hello');
  });
  t.after(() => host.close());
  const { dispatcher } = sidecar;
  const place = Symbol.for('undici.globalDispatcher.1');
  const before: unknown = Reflect.get(globalThis, place);
  t.after(() => Reflect.set(globalThis, place, before));
  const wrapped = {
    dispatch: (options: object, handler: object) => dispatcher.dispatch(options, handler),
  };
  for (const own of [dispatcher, dispatcher.compose(), wrapped]) {
    Reflect.set(globalThis, place, own);
    const recorder = new LegacyRecorder();
    const url = `http://127.0.0.1:${host.port}`;
    await dispatchAndRecord(dispatcher, { ...get, origin: url }, recorder);
    assert.equal(recorder.text, 'hello');
  }
});

test('a call that is passed on keeps its options and its handler', async (t) => {
  const { sidecar } = await OutboundFixture.start(t);
  const { dispatcher } = sidecar;
  const place = Symbol.for('undici.globalDispatcher.1');
  const before: unknown = Reflect.get(globalThis, place);
  t.after(() => Reflect.set(globalThis, place, before));
  const seen: unknown[] = [];
  Reflect.set(globalThis, place, { dispatch: (...args: unknown[]) => seen.push(...args) > 0 });
  const options = { ...get, origin: 'http://elsewhere', unknownOption: {} };
  const handler = new LegacyRecorder();
  dispatcher.dispatch(options, handler);
  assert.deepEqual(Object.entries(Object(seen[0])), Object.entries(options));
  assert.equal(seen[1], handler);
  // As the functions of undici 6 and 7 leave it there.
  const withDispatcher: object = { ...options, dispatcher };
  dispatcher.dispatch(withDispatcher, handler);
  assert.deepEqual(Object.entries(Object(seen[2])), Object.entries(options));
  assert.equal('dispatcher' in Object(seen[2]), false);
});

test('the rest of a request body is not read once the answer is complete', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
    response.writeHead(413).end();
  });
  const body = new Readable({ read() {} });
  body.push('part');
  const recorder = new ControllerRecorder();
  await dispatchAndRecord(sidecar.dispatcher, { ...get, method: 'POST', body }, recorder);
  assert.equal(recorder.status, 413);
  if (!body.closed) {
    await once(body, 'close');
  }
});

test('a controller tells the raw headers, and whether it is paused or aborted', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
    response.writeHead(200, { 'x-a': ['1', '2'] }).end();
  });
  const recorder = new ControllerRecorder();
  await dispatchAndRecord(sidecar.dispatcher, get, recorder);
  const controller = recorder.controller as DispatchController;
  const raw = (controller.rawHeaders ?? []).map(String);
  assert.equal(raw.filter((text) => text === 'x-a').length, 2);
  assert.deepEqual(
    [controller.paused, controller.aborted, controller.reason],
    [false, false, null],
  );
});

test('a handler that pauses and resumes in one call hears of each event once', async (t) => {
  // No route: the answer is the sidecar's own, and at hand before dispatch has returned.
  const { sidecar } = await TestProxy.start(t, { route: { prefix: '/only' } });
  for (const recorder of [new ControllerRecorder(), new LegacyRecorder()]) {
    recorder.onEvent = () => {
      recorder.pause();
      recorder.resume();
    };
    sidecar.dispatcher.dispatch(get, recorder);
    assert.deepEqual(recorder.events, ['start'], 'nothing before dispatch has returned');
    await recorder.done;
    assert.equal(recorder.status, 404);
    assert.equal(recorder.events.filter((event) => event === 'head').length, 1);
  }
});
