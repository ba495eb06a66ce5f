import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LegacyRecorder } from '../support/dispatch-recorder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { OutboundFixture } from '../support/outbound-fixture.js';

interface Options {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
}

type Dispatch = (options: Options, handler: object) => boolean;

const place = Symbol.for('undici.globalDispatcher.1');

/** A dispatcher of a sidecar, and the URL of a host that it does not know. */
async function start(t: TestContext): Promise<{ dispatch: Dispatch; elsewhere: string }> {
  const { sidecar } = await OutboundFixture.start(t);
  const host = await FakeUpstream.start((_request, response) => {
    response.writeHead(200, { connection: 'close' }).end('hello');
  });
  t.after(() => host.close());
  // Makes Node.js load its undici.
  void globalThis.Headers;
  const before: unknown = Reflect.get(globalThis, place);
  t.after(() => Reflect.set(globalThis, place, before));
  const { dispatcher } = sidecar;
  return {
    dispatch: (options, handler) => dispatcher.dispatch(options, handler),
    elsewhere: host.url.replace('tcp:', 'http:'),
  };
}

async function call(dispatch: Dispatch, origin: string): Promise<string> {
  const recorder = new LegacyRecorder();
  dispatch({ origin, path: '/', method: 'GET' }, recorder);
  await recorder.done;
  return recorder.text;
}

/** A handler that hands everything on. */
function another(handler: object): object {
  return new Proxy(handler, {
    get: (_handler, key) => {
      const value: unknown = Reflect.get(handler, key);
      return typeof value === 'function' ? value.bind(handler) : value;
    },
  });
}

/** What users put around a dispatcher, by how it hands a call on. */
const wrappings: Readonly<Record<string, (inner: Dispatch) => Dispatch>> = {
  'at once': (inner) => (options, handler) => inner(options, handler),
  later: (inner) => (options, handler) => {
    setImmediate(() => inner(options, handler));
    return true;
  },
  'later, with options of its own': (inner) => (options, handler) => {
    setImmediate(() => inner({ ...options, path: '/changed' }, handler));
    return true;
  },
  'at once, with options made anew': (inner) => (options, handler) => {
    const { origin, path, method } = options;
    return inner({ origin, path, method }, another(handler));
  },
  'at once, with another path': (inner) => (options, handler) => {
    const { origin, method } = options;
    return inner({ origin, path: '/changed', method }, handler);
  },
};

for (const [how, wrap] of Object.entries(wrappings)) {
  test(`a global dispatcher that hands calls to the sidecar ${how} does not go in circles`, async (t) => {
    const { dispatch, elsewhere } = await start(t);
    let calls = 0;
    const wrapped = wrap(dispatch);
    const counted: Dispatch = (options, handler) => {
      calls++;
      return wrapped(options, handler);
    };
    Reflect.set(globalThis, place, { dispatch: counted });
    assert.equal(await call(dispatch, elsewhere), 'hello');
    assert.equal(calls, 1);
    assert.equal(await call(dispatch, elsewhere), 'hello');
    assert.equal(calls, 2);
  });
}

test('another global dispatcher that comes in the place of one that wraps the sidecar is asked', async (t) => {
  const { dispatch, elsewhere } = await start(t);
  Reflect.set(globalThis, place, { dispatch: wrappings['later']?.(dispatch) });
  assert.equal(await call(dispatch, elsewhere), 'hello');
  const seen: Options[] = [];
  const before = { dispatch: (options: Options) => seen.push(options) > 0 };
  Reflect.set(globalThis, place, before);
  assert.equal(
    dispatch({ origin: elsewhere, path: '/', method: 'GET' }, new LegacyRecorder()),
    true,
  );
  assert.equal(seen.length, 1);
});

test('a call that comes back goes to the last one that does not wrap the sidecar', async (t) => {
  const { dispatch, elsewhere } = await start(t);
  const seen: Options[] = [];
  const plain = { dispatch: (options: Options) => seen.push(options) > 0 };
  const get = { origin: elsewhere, path: '/', method: 'GET' };
  Reflect.set(globalThis, place, plain);
  dispatch(get, new LegacyRecorder());
  assert.equal(seen.length, 1);
  for (const how of ['at once', 'later']) {
    Reflect.set(globalThis, place, { dispatch: wrappings[how]?.(dispatch) });
    dispatch(get, new LegacyRecorder());
    await new Promise(setImmediate);
  }
  assert.equal(seen.length, 3);
});
