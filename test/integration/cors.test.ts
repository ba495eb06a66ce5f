import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import type { ClientResponse } from '../support/http-client.js';
import { startMounted } from '../support/mounted-proxy.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';

const filters = [
  { name: 'cors', config: {} },
  { name: 'router', config: {} },
];
const origin = 'https://shop.example.com';

/** Every key of a policy. */
const policy = {
  allow_origin: [origin, 'https://other.example.com'],
  allow_methods: 'GET, PUT',
  allow_headers: 'content-type,x-token',
  expose_headers: 'x-request-id',
  max_age: '86400',
  allow_credentials: true,
};

interface CorsParts {
  /** `cors` of the virtual host. */
  readonly host?: Json;
  /** `cors` of its one route. */
  readonly route?: Json;
  /** Takes the place of the route. */
  readonly routes?: readonly Json[];
  readonly virtualHost?: Json;
  readonly upstream?: FakeUpstream;
  readonly manager?: Json;
}

function partsOf({ host, route, routes, virtualHost, upstream, manager }: CorsParts): ProxyParts {
  const only = { prefix: '/', cluster: 'app', ...(route === undefined ? {} : { cors: route }) };
  return {
    upstream,
    manager: { filters, ...manager },
    config: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: routes ?? [only],
          ...(host === undefined ? {} : { cors: host }),
          ...virtualHost,
        },
      ],
    },
  };
}

function start(t: TestContext, parts: CorsParts): Promise<TestProxy> {
  return TestProxy.start(t, partsOf(parts));
}

/** Asks whether a PUT would be allowed. */
function preflight(
  proxy: TestProxy,
  headers: Record<string, string> = {},
): Promise<ClientResponse> {
  return proxy.send({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PUT', ...headers },
  });
}

/** The headers of a response that speak of access, by the rest of their names, in order. */
function accessOf({ rawHeaders }: ClientResponse): Record<string, string> {
  const found: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [, rest] = /^access-control-(.*)$/i.exec(rawHeaders[i] ?? '') ?? [];
    if (rest !== undefined) {
      assert.ok(!(rest in found), `${rest} stands twice`);
      found[rest] = rawHeaders[i + 1] ?? '';
    }
  }
  return found;
}

async function startHost(): Promise<FakeUpstream> {
  return await FakeUpstream.start((request, response) => response.end(`host: ${request.method}`));
}

describe('a preflight request', () => {
  test('is answered with everything that the policy says, and reaches no host', async (t) => {
    const upstream = await startHost();
    const proxy = await start(t, { host: policy, upstream });
    const response = await preflight(proxy);
    assert.equal(response.status, 200);
    assert.equal(response.text, '');
    assert.deepEqual(Object.entries(accessOf(response)), [
      ['allow-origin', origin],
      ['allow-credentials', 'true'],
      ['allow-methods', 'GET, PUT'],
      ['allow-headers', 'content-type,x-token'],
      ['expose-headers', 'x-request-id'],
      ['max-age', '86400'],
    ]);
    assert.equal(upstream.requests.length, 0);
  });

  test('is answered with no more than the policy says', async (t) => {
    const proxy = await start(t, {
      host: { allow_origin: ['*'], allow_methods: '', allow_credentials: false },
    });
    assert.deepEqual(accessOf(await preflight(proxy)), { 'allow-origin': origin });
  });

  test('is answered at once, even if a body is to come', async (t) => {
    const upstream = await startHost();
    const proxy = await start(t, { host: policy, upstream });
    const head = `OPTIONS / HTTP/1.1\r\nhost: a\r\norigin: ${origin}\r\ncontent-length: 4\r\n`;
    const text = await proxy.exchange(`${head}access-control-request-method: PUT\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*max-age: 86400\r\n.*\r\n\r\n$/s);
    assert.equal(upstream.requests.length, 0);
  });

  for (const [reason, headers] of [
    ['names no method', { 'access-control-request-method': '' }],
    ['is of another origin', { origin: 'https://evil.example.com' }],
    ['has an empty origin', { origin: '' }],
  ] as const) {
    test(`goes to the host if it ${reason}`, async (t) => {
      const proxy = await start(t, { host: policy, upstream: await startHost() });
      const response = await preflight(proxy, headers);
      assert.equal(response.text, 'host: OPTIONS');
      const isAllowed = reason === 'names no method';
      assert.deepEqual(
        accessOf(response),
        isAllowed ? { 'allow-origin': origin, 'allow-credentials': 'true' } : {},
      );
    });
  }

  test('is one with the method OPTIONS only', async (t) => {
    const proxy = await start(t, { host: policy, upstream: await startHost() });
    const headers = { origin, 'access-control-request-method': 'PUT' };
    assert.equal((await proxy.send({ headers })).text, 'host: GET');
  });

  test('gets texts beyond ASCII as UTF-8', async (t) => {
    const proxy = await start(t, { host: { ...policy, allow_headers: 'x-grün' } });
    const { 'allow-headers': found = '' } = accessOf(await preflight(proxy));
    assert.equal(Buffer.from(found, 'latin1').toString(), 'x-grün');
  });
});

describe('another request', () => {
  test('gets the origin and the credentials, and nothing else', async (t) => {
    const proxy = await start(t, { host: policy });
    const response = await proxy.send({ headers: { origin } });
    assert.equal(response.text, 'hello');
    assert.deepEqual(accessOf(response), { 'allow-origin': origin, 'allow-credentials': 'true' });
    assert.equal(response.headers.vary, undefined);
  });

  test('gets no credentials without allow_credentials', async (t) => {
    const { allow_credentials: _, ...rest } = policy;
    const proxy = await start(t, { host: rest });
    const response = await proxy.send({ headers: { origin } });
    assert.deepEqual(accessOf(response), { 'allow-origin': origin });
  });

  test('gets them instead of what the host says', async (t) => {
    const upstream = await FakeUpstream.start((_request, response) => {
      response.setHeader('Access-Control-Allow-Origin', ['https://a.com', 'https://b.com']);
      response.setHeader('Access-Control-Allow-Credentials', 'false');
      response.setHeader('Access-Control-Expose-Headers', 'x-own');
      response.end();
    });
    const proxy = await start(t, { host: policy, upstream });
    assert.deepEqual(accessOf(await proxy.send({ headers: { origin } })), {
      'allow-origin': origin,
      'allow-credentials': 'true',
      'expose-headers': 'x-own',
    });
  });

  test('gets them with a local reply of the router, too', async (t) => {
    const routes = [{ prefix: '/', cluster_header: 'x-cluster' }];
    const proxy = await start(t, { host: policy, routes });
    const response = await proxy.send({ headers: { origin } });
    assert.equal(response.status, 404);
    assert.equal(accessOf(response)['allow-origin'], origin);
  });

  test('gets them from a mounted application', async (t) => {
    const parts = partsOf({ host: policy });
    const proxy = await startMounted(t, (_request, response) => response.end('mounted'), parts);
    const response = await proxy.send({ headers: { origin } });
    assert.equal(response.text, 'mounted');
    assert.deepEqual(accessOf(response), { 'allow-origin': origin, 'allow-credentials': 'true' });
  });

  for (const [reason, headers] of [
    ['has no origin', {}],
    ['has an empty origin', { origin: '' }],
    ['is of another origin', { origin: 'https://evil.example.com' }],
  ] as const) {
    test(`passes as it is if it ${reason}`, async (t) => {
      const proxy = await start(t, { host: policy });
      const response = await proxy.send({ headers });
      assert.equal(response.text, 'hello');
      assert.deepEqual(accessOf(response), {});
    });
  }
});

describe('allow_origin', () => {
  /** Returns which of the origins are allowed. */
  async function allowed(
    t: TestContext,
    allow_origin: readonly string[],
    origins: readonly string[],
  ): Promise<string[]> {
    const proxy = await start(t, { host: { allow_origin } });
    const found: string[] = [];
    for (const one of origins) {
      const response = await proxy.send({ headers: { origin: one } });
      const { 'allow-origin': granted } = accessOf(response);
      assert.ok(granted === undefined || granted === one);
      found.push(...(granted === undefined ? [] : [one]));
    }
    return found;
  }

  test('is compared byte for byte', async (t) => {
    const near = [`${origin}/`, `${origin}:443`, origin.toUpperCase(), `x${origin}`, 'null', '*'];
    assert.deepEqual(await allowed(t, [origin, 'null'], [origin, ...near]), [origin, 'null']);
  });

  test('may go beyond ASCII', async (t) => {
    const bytes = Buffer.from('https://bücher.example').toString('latin1');
    assert.deepEqual(await allowed(t, ['https://bücher.example'], [bytes]), [bytes]);
  });

  test('has no patterns but *, which is all; the answer is the origin that asks', async (t) => {
    assert.deepEqual(await allowed(t, ['https://*.example.com'], [origin]), []);
    assert.deepEqual(await allowed(t, ['https://a.com', '*'], [origin, 'null']), [origin, 'null']);
  });

  test('allows none if it is empty', async (t) => {
    assert.deepEqual(await allowed(t, [], [origin]), []);
  });
});

describe('the policies of a route and its virtual host', () => {
  const ofRoute = {
    allow_origin: ['https://route.example.com'],
    allow_methods: 'DELETE',
    allow_headers: 'x-route',
    expose_headers: 'x-exposed-by-route',
    max_age: '1',
    allow_credentials: false,
  };

  test('the route alone is enough', async (t) => {
    const proxy = await start(t, { route: policy });
    assert.equal(Object.keys(accessOf(await preflight(proxy))).length, 6);
  });

  test('each value of the route takes the place of the virtual host’s', async (t) => {
    const proxy = await start(t, { host: policy, route: ofRoute });
    assert.deepEqual(accessOf(await preflight(proxy)), {});
    const response = await preflight(proxy, { origin: 'https://route.example.com' });
    assert.deepEqual(accessOf(response), {
      'allow-origin': 'https://route.example.com',
      'allow-methods': 'DELETE',
      'allow-headers': 'x-route',
      'expose-headers': 'x-exposed-by-route',
      'max-age': '1',
    });
  });

  test('what the route leaves out or empty is the virtual host’s', async (t) => {
    const empty = { allow_origin: [], allow_methods: '', allow_headers: '', max_age: '' };
    const proxy = await start(t, { host: policy, route: empty });
    assert.equal(Object.keys(accessOf(await preflight(proxy))).length, 6);
  });

  test('enabled of the route switches the virtual host’s off', async (t) => {
    const upstream = await startHost();
    const proxy = await start(t, {
      host: policy,
      routes: [
        { prefix: '/off', cluster: 'app', cors: { enabled: false, allow_origin: ['*'] } },
        { prefix: '/on', cluster: 'app', cors: { enabled: true } },
        { prefix: '/', cluster: 'app' },
      ],
      upstream,
    });
    for (const [path, isOn] of [
      ['/off', false],
      ['/on', true],
      ['/', true],
    ] as const) {
      const response = await proxy.send({ path, headers: { origin } });
      assert.equal('allow-origin' in accessOf(response), isOn, path);
    }
  });

  test('nothing is done without a policy', async (t) => {
    const proxy = await start(t, { upstream: await startHost() });
    const response = await preflight(proxy);
    assert.equal(response.text, 'host: OPTIONS');
    assert.deepEqual(accessOf(response), {});
  });

  test('nothing is done without the filter', async (t) => {
    const proxy = await start(t, {
      host: policy,
      upstream: await startHost(),
      manager: { filters: [{ name: 'router', config: {} }] },
    });
    const response = await preflight(proxy);
    assert.equal(response.text, 'host: OPTIONS');
    assert.deepEqual(accessOf(response), {});
  });

  test('nothing is done for redirects, nor where no route matches', async (t) => {
    const routes = [{ prefix: '/old', path_redirect: '/new' }];
    const proxy = await start(t, { host: policy, routes });
    for (const [path, status] of [
      ['/old', 301],
      ['/none', 404],
    ] as const) {
      const response = await proxy.send({ path, headers: { origin } });
      assert.equal(response.status, status);
      assert.deepEqual(accessOf(response), {});
    }
  });

  test('nothing is done for the redirect to https', async (t) => {
    const proxy = await start(t, { host: policy, virtualHost: { require_ssl: 'all' } });
    const response = await preflight(proxy);
    assert.equal(response.status, 301);
    assert.deepEqual(accessOf(response), {});
  });
});
