import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { currentContext } from '../../lib/http/request-context.js';
import type { Sidecar } from '../../lib/sidecar.js';
import { staticCluster } from '../support/config-builder.js';
import { ContextFixture, callOrders, type ServingHandler } from '../support/context-fixture.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { responseTo, send } from '../support/http-client.js';
import { Http2Client } from '../support/http2-client.js';
import { until } from '../support/until.js';

const traceHeaders = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=1,b=2',
  b3: '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1',
  'x-b3-traceid': '80f198ee56343ba864fe8b2a57d3eff7',
  'x-b3-spanid': 'e457b5a2e4d86bd1',
  'x-b3-parentspanid': '05e3ac9a4f6e3b90',
  'x-b3-sampled': '1',
  'x-b3-flags': '0',
  'x-ot-span-context': 'abc',
};
const idHeaders = { 'x-request-id': 'the-id', 'x-client-trace-id': 'the-client' };
/** An own call is internal, and so keeps what stands in these. */
const fromInside = { 'x-forwarded-for': '10.0.0.1' };

/** Picks those of `names` out of headers. */
function pick(headers: Record<string, unknown>, names: object): Record<string, unknown> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, headers[name]]));
}

/** By every door to the data path. */
const doors: Readonly<Record<string, (sidecar: Sidecar, path: string) => Promise<unknown>>> = {
  request: (sidecar, path) => callOrders(sidecar, path),
  fetch: async (sidecar, path) => {
    const response = await sidecar.fetch(`http://orders/${path}`);
    return await response.text();
  },
  dispatcher: async (sidecar, path) => {
    const init = { dispatcher: sidecar.dispatcher };
    const response = await fetch(`http://orders/${path}`, init as RequestInit);
    return await response.text();
  },
  agent: (sidecar, path) => responseTo(http.get(`http://orders/${path}`, { agent: sidecar.agent })),
};

/** Calls `orders` once, and answers. */
const callingOnce: ServingHandler = async (_request, response, sidecar) => {
  await callOrders(sidecar);
  response.end();
};

describe('a call of a mounted application', () => {
  for (const [name, call] of Object.entries(doors)) {
    test(`by ${name} carries the ids and the trace of the request`, async (t) => {
      const fixture = await ContextFixture.start(t, async (_request, response, sidecar) => {
        await call(sidecar, '');
        response.end();
      });
      const inbound = { ...idHeaders, ...traceHeaders };
      await fixture.proxy.send({ headers: inbound });
      assert.deepEqual(pick(fixture.lastHeaders, inbound), inbound);
    });

    test(`by ${name} is never taken for that of another request`, async (t) => {
      const gate = new EventEmitter();
      let waiting = 0;
      const fixture = await ContextFixture.start(t, async (request, response, sidecar) => {
        const path = request.url?.slice(1) ?? '';
        await call(sidecar, `${path}-1`);
        waiting++;
        await once(gate, 'open');
        await call(sidecar, `${path}-2`);
        response.end();
      });
      const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
      fixture.proxy.closesWith(agent);
      const paths = ['a', 'b', 'c', 'd'];
      for (let round = 0; round < 2; round++) {
        const answers = paths.map((path) => {
          const headers = { 'x-request-id': `id-${path}` };
          return send(fixture.proxy.port, { path: `/${path}`, headers, agent });
        });
        await until(() => waiting === paths.length, 'all have made their first call');
        waiting = 0;
        gate.emit('open');
        await Promise.all(answers);
      }
      const expected = paths.flatMap((path) => [1, 2].map((n) => `/${path}-${n} id-${path}`));
      assert.deepEqual(fixture.received, [...expected, ...expected].sort());
    });
  }

  test('carries them when it is made later, wherever it is made', async (t) => {
    const fixture = await ContextFixture.start(t, (request, response, sidecar) => {
      request.on('data', () => callOrders(sidecar, 'data'));
      request.on('end', () => {
        setTimeout(async () => {
          await callOrders(sidecar, 'timer');
          response.end();
        }, 1);
      });
      response.on('finish', () => callOrders(sidecar, 'finish'));
      response.on('close', () => setImmediate(() => callOrders(sidecar, 'close')));
    });
    for (const id of ['one', 'two']) {
      const headers = { 'x-request-id': id };
      await fixture.proxy.send({ method: 'POST', body: 'x', headers });
    }
    const expected = ['close', 'data', 'finish', 'timer'].flatMap((path) => [
      `/${path} one`,
      `/${path} two`,
    ]);
    await until(() => fixture.received.length === expected.length, 'all calls have come');
    assert.deepEqual(fixture.received, expected);
  });

  test('carries them when a filter has held the request up', async (t) => {
    const parts = {
      manager: {
        filters: [
          { name: 'buffer', config: { max_request_bytes: 1000, max_request_time_s: 10 } },
          { name: 'router', config: {} },
        ],
      },
    };
    const fixture = await ContextFixture.start(t, callingOnce, parts);
    const seen: unknown[] = [];
    for (const id of ['one', 'two']) {
      await fixture.proxy.send({ method: 'POST', body: 'x', headers: { 'x-request-id': id } });
      seen.push(fixture.lastHeaders['x-request-id']);
    }
    assert.deepEqual(seen, ['one', 'two']);
  });

  test('carries them when the request came by HTTP/2', async (t) => {
    const fixture = await ContextFixture.start(t, callingOnce);
    const client = await Http2Client.connect(fixture.proxy);
    const headers = { 'x-request-id': 'by-http2' };
    const answers = ['one', 'two'].map((id) => client.send({ headers: { 'x-request-id': id } }));
    await Promise.all(answers);
    await client.send({ headers });
    assert.deepEqual(fixture.received, ['/ by-http2', '/ one', '/ two']);
  });

  test('carries what the application has got, and sees nothing of how it is found', async (t) => {
    let seen: readonly string[] = [];
    const fixture = await ContextFixture.start(
      t,
      async (request, response, sidecar) => {
        seen = request.rawHeaders;
        await callOrders(sidecar);
        response.end();
      },
      { route: { retry_policy: { retry_on: '5xx' } } },
    );
    await fixture.proxy.send({ headers: { 'x-request-id': 'id', 'x-pillion-served': '1' } });
    assert.equal(fixture.lastHeaders['x-request-id'], 'id');
    assert.equal(seen.filter((text) => text === 'x-pillion-served').length, 1);
  });

  for (const [name, send] of Object.entries({
    'with a body of unknown length': { method: 'POST', body: Readable.from(['x']) },
    'without a body': { method: 'POST' },
  })) {
    test(`of its own, ${name}, is found and shows nothing of it`, async (t) => {
      let seen: readonly unknown[] = [];
      const fixture = await ContextFixture.start(t, async (request, response, sidecar) => {
        const { headers, headersDistinct, rawHeaders } = request;
        seen = [...Object.keys(headers), ...Object.keys(headersDistinct), ...rawHeaders];
        await callOrders(sidecar);
        response.end();
      });
      const headers = { 'x-request-id': 'id' };
      const { body } = await fixture.sidecar.request('http://app/', { ...send, headers });
      await body.text();
      assert.ok(Number(fixture.lastHeaders['x-envoy-expected-rq-timeout-ms']) <= 15_000);
      assert.equal(fixture.lastHeaders['x-request-id'], 'id');
      assert.deepEqual(
        seen.filter((text) => String(text).includes('pillion')),
        [],
      );
    });
  }

  test('carries them when it is made as the body comes, however late that is', async (t) => {
    const fixture = await ContextFixture.start(t, (request, response, sidecar) => {
      request.on('data', () => callOrders(sidecar, 'data'));
      request.on('end', async () => {
        await callOrders(sidecar, 'end');
        response.end();
      });
    });
    const { port } = fixture.proxy;
    const byHttp1 = http.request({ port, method: 'POST', headers: { 'x-request-id': 'http1' } });
    const { session } = Http2Client.connect(fixture.proxy);
    const byHttp2 = session.request({ ':method': 'POST', 'x-request-id': 'http2' });
    const answers = [responseTo(byHttp1), once(byHttp2.resume(), 'end')];
    byHttp1.flushHeaders();
    await setTimeoutPromise(50);
    byHttp1.end('x');
    byHttp2.end('x');
    await Promise.all(answers);
    await until(() => fixture.received.length === 4, 'all calls have come');
    assert.deepEqual(fixture.received, ['/data http1', '/data http2', '/end http1', '/end http2']);
  });

  test('has the id that the listener has made for the request', async (t) => {
    let seen: unknown;
    const fixture = await ContextFixture.start(t, async (request, response, sidecar) => {
      seen = request.headers['x-request-id'];
      await callOrders(sidecar);
      response.end();
    });
    await fixture.proxy.send();
    assert.match(String(seen), /^[\da-f-]{36}$/);
    assert.equal(fixture.lastHeaders['x-request-id'], seen);
  });

  test('keeps what the application has set on it', async (t) => {
    const own = { 'x-request-id': 'own', 'X-B3-Sampled': '0' };
    const fixture = await ContextFixture.start(t, async (_request, response, sidecar) => {
      await callOrders(sidecar, '', own);
      response.end();
    });
    await fixture.proxy.send({ headers: { ...idHeaders, ...traceHeaders } });
    const { lastHeaders } = fixture;
    assert.equal(lastHeaders['x-request-id'], 'own');
    assert.equal(lastHeaders['x-client-trace-id'], 'the-client');
    assert.equal(lastHeaders['x-b3-sampled'], '0');
    // Of another caller, these would contradict the one that the application has chosen.
    assert.equal(lastHeaders['traceparent'], undefined);
    assert.equal(lastHeaders['b3'], undefined);
  });

  test('that follows a redirect in an interceptor is still made for its request', async (t) => {
    const fixture = await ContextFixture.start(
      t,
      async (request, response, sidecar) => {
        await followTo(sidecar, `${request.url}-first`, `${request.url}-second`);
        response.end();
      },
      {},
    );
    const { port } = fixture.proxy;
    // One connection to `orders`, which the first request has opened.
    for (const id of ['one', 'two']) {
      await send(port, { path: `/${id}`, headers: { 'x-request-id': id } });
    }
    assert.deepEqual(fixture.received, [
      '/one-first one',
      '/one-second one',
      '/two-first two',
      '/two-second two',
    ]);
  });

  test('to a host that the configuration does not know is sent as it is', async (t) => {
    const stranger = await FakeUpstream.start();
    t.after(() => stranger.close());
    const url = `http://127.0.0.1:${stranger.port}/`;
    const fixture = await ContextFixture.start(t, async (_request, response, sidecar) => {
      const answer = await sidecar.request(url);
      await answer.body.text();
      await (await sidecar.fetch(url)).text();
      await responseTo(http.get(url, { agent: sidecar.agent }));
      response.end();
    });
    await fixture.proxy.send({ headers: { ...idHeaders, ...traceHeaders } });
    assert.equal(stranger.requests.length, 3);
    for (const { headers } of stranger.requests) {
      const names = Object.keys({ ...idHeaders, ...traceHeaders });
      assert.deepEqual(
        names.filter((name) => name in headers),
        [],
      );
    }
  });

  test('made before there was any request is made for none', async (t) => {
    const gate = new EventEmitter();
    const fixture = await ContextFixture.start(t, async (_request, response, sidecar) => {
      gate.emit('open');
      await callOrders(sidecar, 'inside');
      response.end();
    });
    const outside = once(gate, 'open').then(() => callOrders(fixture.sidecar, 'outside'));
    await fixture.proxy.send({ headers: { 'x-request-id': 'inside' } });
    await outside;
    assert.equal(fixture.received[0], '/inside inside');
    assert.notEqual(fixture.received[1], '/outside inside');
  });
});

/** Makes a second request where the first one's response is heard, as interceptors do. */
function followTo(sidecar: Sidecar, first: string, second: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const dispatch = (path: string, onEnd: () => void): void => {
      sidecar.dispatcher.dispatch(
        { origin: 'http://orders', path, method: 'GET' },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd: onEnd,
          onResponseError: (_controller: unknown, error: Error) => reject(error),
        },
      );
    };
    dispatch(first, () => dispatch(second, resolve));
  });
}

describe('the option requestContext', () => {
  const call: ServingHandler = async (_request, response, sidecar) => {
    response.end(String(await callOrders(sidecar)));
  };
  const inbound = { ...idHeaders, ...traceHeaders, ...fromInside };

  test('switches everything off', async (t) => {
    const fixture = await ContextFixture.start(t, call, { options: { requestContext: false } });
    await fixture.proxy.send({ headers: inbound });
    assert.notEqual(fixture.lastHeaders['x-request-id'], 'the-id');
    assert.equal(fixture.lastHeaders['traceparent'], undefined);
  });

  test('switches the headers off alone', async (t) => {
    const options = { requestContext: { headers: false } };
    const fixture = await ContextFixture.start(t, call, { options, route: { timeout_ms: 300 } });
    await fixture.proxy.send({ headers: inbound });
    assert.notEqual(fixture.lastHeaders['x-request-id'], 'the-id');
    assert.equal(fixture.lastHeaders['x-envoy-expected-rq-timeout-ms'], '300');
  });

  test('switches the deadline off alone', async (t) => {
    const options = { requestContext: { deadline: false } };
    const fixture = await ContextFixture.start(t, call, { options, route: { timeout_ms: 300 } });
    await fixture.proxy.send({ headers: inbound });
    assert.equal(fixture.lastHeaders['x-request-id'], 'the-id');
    assert.equal(fixture.lastHeaders['x-envoy-expected-rq-timeout-ms'], '15000');
  });
});

describe('runInContext', () => {
  async function start(t: TestContext): Promise<ContextFixture> {
    return await ContextFixture.start(t, (_request, response) => response.end());
  }

  test('has calls carry the ids and the trace of any request', async (t) => {
    const fixture = await start(t);
    const { sidecar } = fixture;
    const inbound = { ...idHeaders, ...traceHeaders };
    for (const headers of [inbound, new Headers(inbound), new Map(Object.entries(inbound))]) {
      const status = await sidecar.runInContext(headers, () => callOrders(sidecar));
      assert.equal(status, 200);
      assert.deepEqual(pick(fixture.lastHeaders, inbound), inbound);
    }
  });

  test('leaves out what is no header', async (t) => {
    const fixture = await start(t);
    const { sidecar } = fixture;
    const headers = {
      'X-Request-Id': 'a\r\nb: c',
      b3: ['1', 2],
      traceparent: undefined,
      host: 'a',
    };
    await sidecar.runInContext(headers, () => callOrders(sidecar));
    assert.match(String(fixture.lastHeaders['x-request-id']), /^[\da-f-]{36}$/);
    assert.equal(fixture.lastHeaders['b3'], '1');
    assert.equal(fixture.lastHeaders.host, 'orders');
  });

  test('with null has calls carry nothing', async (t) => {
    const fixture = await start(t);
    const { sidecar } = fixture;
    await sidecar.runInContext(idHeaders, async () => {
      await sidecar.runInContext(null, () => callOrders(sidecar));
      assert.equal(fixture.lastHeaders['x-client-trace-id'], undefined);
      await callOrders(sidecar);
      assert.equal(fixture.lastHeaders['x-client-trace-id'], 'the-client');
    });
    await callOrders(sidecar);
    assert.equal(fixture.lastHeaders['x-client-trace-id'], undefined);
  });

  test('returns and throws what its function does', async (t) => {
    const { sidecar } = await start(t);
    assert.equal(
      sidecar.runInContext({}, () => 7),
      7,
    );
    const failure = new Error('mine');
    const fail = (): never => {
      throw failure;
    };
    assert.throws(() => sidecar.runInContext({}, fail), failure);
    const none = undefined as unknown as null;
    assert.throws(() => sidecar.runInContext(none, fail), { code: 'SIDECAR_REQUEST_INVALID' });
  });
});

describe('contextMiddleware', () => {
  /** A server of the application's own, which calls `orders` behind the middleware. */
  async function startServer(
    t: TestContext,
    sidecar: () => Sidecar,
  ): Promise<{ readonly port: number }> {
    const server = http.createServer((request: IncomingMessage, response: ServerResponse) => {
      sidecar().contextMiddleware()(request, response, async () => {
        await callOrders(sidecar(), request.url?.slice(1));
        response.end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close().closeAllConnections());
    return server.address() as AddressInfo;
  }

  test('has what comes behind it run on behalf of the request', async (t) => {
    const fixture = await ContextFixture.start(t, (_request, response) => response.end());
    const { port } = await startServer(t, () => fixture.sidecar);
    await Promise.all(
      ['a', 'b', 'c'].map((id) => send(port, { path: `/${id}`, headers: { 'x-request-id': id } })),
    );
    assert.deepEqual(fixture.received, ['/a a', '/b b', '/c c']);
    assert.equal(fixture.sidecar.contextMiddleware(), fixture.sidecar.contextMiddleware());
  });

  test('changes nothing in a mounted application', async (t) => {
    const fixture = await ContextFixture.start(
      t,
      (request, response, sidecar) => {
        // What the application does to the request itself is not what the request was.
        request.headers['x-request-id'] = 'changed';
        sidecar.contextMiddleware()(request, response, async () => {
          await callOrders(sidecar);
          response.end();
        });
      },
      { config: {} },
    );
    await fixture.proxy.send({ headers: idHeaders });
    assert.equal(fixture.lastHeaders['x-request-id'], 'the-id');
  });
});

test('an application that could call nobody is not called in a context', async (t) => {
  const contexts: unknown[] = [];
  const see: ServingHandler = (_request, response) => {
    contexts.push(currentContext());
    response.end();
  };
  const alone = await ContextFixture.start(t, see, {
    config: { clusters: [staticCluster('app', ['tcp://192.0.2.1:80'])] },
  });
  await alone.proxy.send();
  assert.deepEqual(contexts, [undefined]);
  // Another sidecar of the process may be what the application calls by.
  await ContextFixture.start(t, see);
  await alone.proxy.send();
  assert.notEqual(contexts[1], undefined);
});
