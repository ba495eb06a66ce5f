import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ConfigError, SidecarError } from '../../lib/base/errors.js';
import { validateConfig } from '../../lib/config-report.js';
import type { FilterCallbacks, HttpFilter } from '../../lib/http/filter.js';
import { getHeader, removeHeader, setHeader } from '../../lib/http/headers.js';
import type { HttpFilterContext, HttpFilterFactory } from '../../lib/http/own-filter.js';
import { buildConfig, type Json, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { readBody, startMounted } from '../support/mounted-proxy.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startTestSidecar } from '../support/test-sidecar.js';
import { until } from '../support/until.js';

const router = { name: 'router', config: {} };

/** Filters in front of the router: `mine`, and others. */
function filters(config: Json = {}, ...others: Json[]): Json {
  return { filters: [{ name: 'mine', config }, ...others, router] };
}

/** A proxy whose requests pass a filter that `create` makes. */
function start(
  t: TestContext,
  create: (callbacks: FilterCallbacks) => HttpFilter,
  parts: ProxyParts = {},
): Promise<TestProxy> {
  return TestProxy.start(t, {
    manager: filters(),
    ...parts,
    options: { httpFilters: { mine: () => create } },
  });
}

/** A host that echoes bodies, and the path and two headers of requests. */
function echo(): Promise<FakeUpstream> {
  return FakeUpstream.start((request, response) => {
    response.setHeader('x-path', request.url ?? '');
    response.setHeader('x-seen', String(request.headers['x-user'] ?? ''));
    request.pipe(response);
  });
}

test('a filter of the application changes requests and responses', async (t) => {
  const proxy = await start(
    t,
    () => ({
      decodeHead: (head) => {
        setHeader(head.headers, 'x-user', 'ada');
        head.path = `/v2${head.path}`;
        return 'continue';
      },
      encodeHead: (head) => {
        removeHeader(head.headers, 'x-path');
        setHeader(head.headers, 'x-mine', getHeader(head.headers, 'x-seen') ?? '');
        return 'continue';
      },
    }),
    { upstream: await echo() },
  );
  const { status, headers } = await proxy.send({ path: '/a' });
  assert.equal(status, 200);
  assert.equal(headers['x-mine'], 'ada');
  assert.equal(headers['x-path'], undefined);
});

test('it is made once for each entry with its config, and asked once for each request', async (t) => {
  const made: [Readonly<Record<string, unknown>>, HttpFilterContext][] = [];
  let requests = 0;
  const mine: HttpFilterFactory = (config, context) => {
    made.push([config, context]);
    return () => {
      requests++;
      return {};
    };
  };
  const proxy = await TestProxy.start(t, {
    manager: filters({ key: [1, { deep: true }] }, { name: 'mine' }),
    options: { httpFilters: { mine }, serviceCluster: 'edge', outbound: { listeners: [] } },
  });
  assert.deepEqual(
    made.map(([config]) => config),
    [{ key: [1, { deep: true }] }, {}],
  );
  const [config, context] = made[0] ?? [];
  assert.ok(Object.isFrozen(config?.['key']));
  assert.equal(context?.serviceCluster, 'edge');
  assert.equal(context?.scope, 'http.ingress_http');
  assert.equal(context?.runtime.integer('none', 7), 7);
  await proxy.send();
  assert.equal(requests, 2);
});

test('it answers by itself, and the host hears nothing', async (t) => {
  const upstream = await echo();
  const proxy = await start(
    t,
    (callbacks) => ({
      decodeHead: (head) => {
        if (getHeader(head.headers, 'authorization') !== undefined) {
          return 'continue';
        }
        callbacks.sendLocalReply(401, 'who are you?', ['www-authenticate', 'Basic']);
        return 'stop';
      },
    }),
    { upstream },
  );
  const refused = await proxy.send({ method: 'POST', body: 'x' });
  assert.deepEqual([refused.status, refused.text], [401, 'who are you?']);
  assert.equal(refused.headers['www-authenticate'], 'Basic');
  assert.equal(upstream.requests.length, 0);
  assert.equal((await proxy.send({ headers: { authorization: 'x' } })).status, 200);
});

test('it answers with bytes, to which no content type is added', async (t) => {
  for (const bytes of [Buffer.from([0, 255]), new Uint8Array([0, 255])]) {
    const proxy = await start(t, (callbacks) => ({
      decodeHead: () => {
        // An array of bytes is what many libraries have.
        callbacks.sendLocalReply(200, bytes as Buffer);
        return 'stop';
      },
    }));
    const { status, headers } = await proxy.send();
    assert.deepEqual([status, headers['content-length']], [200, '2']);
    assert.equal(headers['content-type'], undefined);
  }
});

test('it holds a request back while it asks somebody, with its body', async (t) => {
  let release = (): void => assert.fail('nobody waits');
  const proxy = await start(
    t,
    (callbacks) => ({
      decodeHead: () => {
        release = () => callbacks.continueDecoding();
        return 'stop';
      },
    }),
    { upstream: await echo() },
  );
  const response = proxy.send({ method: 'POST', body: 'body' });
  await proxy.untilStat('downstream_rq_active', 1);
  release();
  assert.equal((await response).text, 'body');
});

test('a client that leaves meanwhile ends it, and going on has no effect then', async (t) => {
  let isDestroyed = false;
  let callbacks: FilterCallbacks | undefined;
  const upstream = await echo();
  const create = (given: FilterCallbacks): HttpFilter => {
    callbacks = given;
    return {
      decodeHead: () => 'stop',
      onDestroy: () => {
        isDestroyed = true;
      },
    };
  };
  const proxy = await start(t, create, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => callbacks !== undefined, 'the filter is asked');
  client.socket.destroy();
  await until(() => isDestroyed, 'the filter is told');
  callbacks?.continueDecoding();
  callbacks?.sendLocalReply(500, 'x');
  assert.equal(upstream.requests.length, 0);
});

test('it changes bodies piece by piece', async (t) => {
  const upper = (chunk: Buffer): Buffer => Buffer.from(chunk.toString('latin1').toUpperCase());
  const proxy = await start(
    t,
    () => ({
      decodeData: (chunk) => Buffer.from(chunk.toString('latin1').replaceAll('l', '')),
      decodeHead: (head) => {
        removeHeader(head.headers, 'content-length');
        return 'continue';
      },
      encodeData: upper,
    }),
    { upstream: await echo() },
  );
  assert.equal((await proxy.send({ method: 'POST', body: 'hello' })).text, 'HEO');
});

test('it waits for whole bodies, and puts its own in their place', async (t) => {
  const proxy = await start(
    t,
    (callbacks) => {
      const pieces: Buffer[] = [];
      return {
        decodeHead: (_head, endStream) => (endStream ? 'continue' : 'buffer'),
        decodeData: (chunk, endStream) => {
          pieces.push(chunk);
          if (endStream) {
            callbacks.continueDecoding(Buffer.from(`<${Buffer.concat(pieces)}>`));
          }
          return undefined;
        },
        encodeHead: () => 'buffer',
        encodeData: (_chunk, endStream) => {
          if (endStream) {
            callbacks.continueEncoding(Buffer.from('replaced'));
          }
          return undefined;
        },
        encodeEnd: () => {
          callbacks.continueEncoding(Buffer.from('replaced'));
          return undefined;
        },
      };
    },
    {
      upstream: await FakeUpstream.start((request, response) => {
        request.on('data', (chunk: Buffer) => response.setHeader('x-got', String(chunk)));
        request.on('end', () => response.end('original'));
      }),
    },
  );
  const { text, headers } = await proxy.send({ method: 'POST', body: 'a body' });
  assert.equal(headers['x-got'], '<a body>');
  assert.equal(text, 'replaced');
  assert.equal(headers['content-length'], '8');
});

test('what it may buffer is bounded, and it may set the bound', async (t) => {
  const proxy = await start(
    t,
    (callbacks) => ({
      decodeHead: (head) => {
        callbacks.requestBufferLimit = Number(getHeader(head.headers, 'x-limit') ?? 4);
        return 'buffer';
      },
      decodeData: (_chunk, endStream) => {
        if (endStream) {
          callbacks.continueDecoding();
        }
        return undefined;
      },
    }),
    { upstream: await echo() },
  );
  const refused = await proxy.send({ method: 'POST', body: '12345' });
  assert.deepEqual([refused.status, refused.text], [413, 'Payload Too Large']);
  const passed = await proxy.send({ method: 'POST', body: '12345', headers: { 'x-limit': '5' } });
  assert.equal(passed.text, '12345');
});

test('it takes the place of the router', async (t) => {
  const proxy = await start(
    t,
    (callbacks) => ({
      decodeHead: () => {
        callbacks.encodeHead({ status: 203, headers: ['x-from', 'here'] }, false, true);
        callbacks.encodeData(Buffer.from('made here'), true);
        return 'answer';
      },
    }),
    { manager: { filters: [{ name: 'mine' }] } },
  );
  const { status, text, headers } = await proxy.send();
  assert.deepEqual([status, text, headers['x-from']], [203, 'made here', 'here']);
});

test('opaque_config: it reads what the route says', async (t) => {
  const proxy = await start(
    t,
    (callbacks) => ({
      decodeHead: () => {
        const { opaqueConfig } = callbacks.route ?? {};
        callbacks.sendLocalReply(200, JSON.stringify([...(opaqueConfig ?? [])]));
        return 'stop';
      },
    }),
    { route: { opaque_config: { team: 'red', size: '3' } } },
  );
  assert.deepEqual(JSON.parse((await proxy.send()).text), [
    ['team', 'red'],
    ['size', '3'],
  ]);
});

test('outbound calls pass it too', async (t) => {
  const upstream = await FakeUpstream.start();
  const { sidecar } = await startTestSidecar(
    { clusters: [staticCluster('app', [upstream.url])], manager: filters() },
    {
      httpFilters: {
        mine: () => () => ({
          encodeHead: ({ headers }) => {
            setHeader(headers, 'x-mine', '1');
            return 'continue';
          },
        }),
      },
    },
  );
  t.after(async () => {
    await sidecar.close();
    await upstream.close();
  });
  const { headers, body } = await sidecar.request('http://foo.com/');
  assert.equal(headers['x-mine'], '1');
  await body.text();
});

test('a mounted application reads what the filter makes of a body', async (t) => {
  const mine: HttpFilterFactory = () => () => ({
    decodeData: (chunk) => Buffer.from(String(chunk).toUpperCase()),
  });
  const proxy = await startMounted(
    t,
    async (request, response) => {
      response.end(await readBody(request));
    },
    { manager: filters(), options: { httpFilters: { mine } } },
  );
  assert.equal((await proxy.send({ method: 'POST', body: 'abc' })).text, 'ABC');
});

describe('a filter that is broken', () => {
  for (const [what, filter] of Object.entries<HttpFilter>({
    'on a request head': {
      decodeHead: () => {
        throw new Error('broken');
      },
    },
    'on a response head': {
      encodeHead: () => {
        throw new Error('broken');
      },
    },
  })) {
    test(`${what} ends the request with 500, and is named in the log`, async (t) => {
      const proxy = await start(t, () => filter);
      assert.equal((await proxy.send()).status, 500);
      assert.equal((await proxy.send()).status, 500);
      assert.match(proxy.errors.join('\n'), /broken/);
    });
  }

  test('and makes no filter ends the request with 500', async (t) => {
    const none = undefined as unknown as HttpFilter;
    const proxy = await start(t, () => none);
    assert.equal((await proxy.send()).status, 500);
    assert.match(proxy.errors.join('\n'), /httpFilters\.mine made no filter/);
  });

  const unfitHeaders: Record<string, readonly unknown[]> = {
    'a line break in a value': ['x-a', 'b\r\nx-c: d'],
    'a line break in a name': ['x-a\r\nx-c', 'd'],
    'a character whose last byte is a line break': ['x-a', 'b\u010d\u010ax-c: d'],
    'a NUL in a value': ['x-a', 'b\0'],
    'a name without a value': ['x-a'],
    'a value that is no text': ['x-a', 5],
    'a host that two readers could end at different places': ['host', 'a/b'],
    'a coding': ['transfer-encoding', 'chunked'],
    'a coding in other letters': ['Transfer-Encoding', 'chunked'],
    'an upgrade': ['upgrade', 'h2c'],
    'a length without a body': ['content-length', '5'],
    'a length that is none': ['content-length', '+0'],
    'two lengths': ['content-length', '0', 'Content-Length', '0'],
  };
  for (const [what, headers] of Object.entries(unfitHeaders)) {
    test(`by ${what} does not reach the host`, async (t) => {
      const upstream = await echo();
      const create = (): HttpFilter => ({
        decodeHead: (head) => {
          // As a filter in JavaScript might.
          head.headers.push(...(headers as string[]));
          return 'continue';
        },
      });
      const proxy = await start(t, create, { upstream });
      assert.equal((await proxy.send()).status, 500);
      assert.equal(upstream.requests.length, 0);
      assert.match(
        proxy.errors.join(),
        /a filter of the application has left a request that cannot/,
      );
    });
  }

  for (const [key, value] of [
    ['path', '/a b'],
    ['path', '/a\r\nx: y'],
    ['path', '/\u010a'],
    ['path', '/a#b'],
    ['path', 'http://b/'],
    ['path', ''],
    ['method', 'GET /b HTTP/1.1\r\n'],
    ['method', 'CONNECT'],
    ['authority', ''],
    ['authority', 'b\r\nx-c: d'],
    ['authority', 'b\u010d\u010ax-c: d'],
    ['authority', 'a@b'],
  ] as const) {
    test(`by the ${key} ${JSON.stringify(value)} does not reach the host`, async (t) => {
      const upstream = await echo();
      const create = (): HttpFilter => ({
        decodeHead: (head) => {
          head[key] = value;
          return 'continue';
        },
      });
      const proxy = await start(t, create, { upstream });
      assert.equal((await proxy.send()).status, 500);
      assert.equal(upstream.requests.length, 0);
    });
  }

  for (const [what, headers] of Object.entries({
    'a line break in a value': ['x-a', 'b\r\nx-c: d'],
    'a character whose last byte is a line break': ['x-a', 'b\u010d\u010ax-c: d'],
    'a coding in other letters': ['Transfer-Encoding', 'chunked'],
    'another length': ['content-length', '7'],
  })) {
    test(`by ${what} does not reach the client`, async (t) => {
      const create = (): HttpFilter => ({
        encodeHead: (head) => {
          if (head.status === 200) {
            head.headers.push('content-length', '5', ...headers);
          }
          return 'continue';
        },
      });
      const upstream = await FakeUpstream.start((_request, response) => {
        response.writeHead(200, { 'transfer-encoding': 'chunked' });
        response.end('hello');
      });
      const proxy = await start(t, create, { upstream });
      const { status, headers: received } = await proxy.send();
      assert.equal(status, 500);
      assert.equal(received['x-c'], undefined);
      assert.match(proxy.errors.join(), /has left a response that cannot be sent/);
    });
  }

  test('by a line break in a trailer does not reach the host', async (t) => {
    const upstream = await RecordingUpstream.start();
    const create = (): HttpFilter => ({
      decodeEnd: (trailers) => {
        trailers?.push('x-b', 'c\r\n\r\nGET /evil HTTP/1.1\r\nhost: a\r\n\r\n');
        trailers?.push('x-c', 'd');
        return undefined;
      },
    });
    const proxy = await start(t, create, { upstream: upstream.raw });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
    client.write('0\r\nx-a: b\r\n\r\n');
    await client.until('\r\n\r\nok');
    assert.deepEqual(upstream.errors, []);
    assert.deepEqual(upstream.only.trailers, ['x-a: b', 'x-c: d']);
  });
});

describe('a filter that cannot be made', () => {
  const parts = {
    clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
    manager: filters(),
  };

  async function failure(options: Json): Promise<SidecarError> {
    const error = await startTestSidecar(parts, options).then(
      () => assert.fail('it started'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof SidecarError);
    return error;
  }

  test('because its factory throws has the sidecar refused', async () => {
    const mine = (): never => {
      throw new Error('no database');
    };
    const error = await failure({ httpFilters: { mine } });
    assert.equal(error.code, 'SIDECAR_FILTER_FAILED');
    assert.equal(error.message, 'httpFilters.mine failed: no database');
  });

  test('because its factory returns none has the sidecar refused', async () => {
    const error = await failure({ httpFilters: { mine: () => ({}) } });
    assert.equal(error.code, 'SIDECAR_FILTER_FAILED');
    assert.match(error.message, /returned object, expected a function that makes a filter/);
  });

  test('because it is no function is refused', async () => {
    const error = await failure({ httpFilters: { mine: {} } });
    assert.equal(error.code, 'SIDECAR_OPTION_INVALID');
    assert.match(error.message, /^httpFilters\.mine is .*, expected a function/);
  });

  test('because its name is taken is refused', async () => {
    const error = await failure({
      httpFilters: { mine: () => () => ({}), cors: () => () => ({}) },
    });
    assert.equal(error.code, 'SIDECAR_OPTION_INVALID');
    assert.match(error.message, /httpFilters\.cors has the name of a filter of Envoy's/);
  });

  test('because nobody brings it is refused, as a filter that v1 does not have', async () => {
    const error = await failure({});
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /v1 has no HTTP filter "mine"/);
  });
});

test('validateConfig is told the names', async () => {
  const config = buildConfig({
    clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
    manager: filters(),
  });
  assert.deepEqual((await validateConfig(config, { httpFilters: ['mine'] })).problems, []);
  assert.equal((await validateConfig(config)).problems.length, 1);
});
