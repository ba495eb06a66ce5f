import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { HttpFilter } from '../../lib/http/filter.js';
import { setHeader } from '../../lib/http/headers.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { showing, startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { headerValues, RoutingFixture } from '../support/routing-fixture.js';

const router = { name: 'router', config: {} };

/** Returns an entry of a list of headers to add. */
function header(key: string, value: string): { key: string; value: string } {
  return { key, value };
}

describe('request_headers_to_add', () => {
  const routes = [
    { prefix: '/a', cluster: 'a', request_headers_to_add: [header('X-Who', 'route')] },
    { prefix: '/b', cluster: 'b' },
  ];
  const levels = {
    routes,
    virtualHost: { request_headers_to_add: [header('x-who', 'virtual host')] },
    table: { request_headers_to_add: [header('x-who', 'table'), header('x-table', '1')] },
  };

  test('adds those of the route, then of the virtual host, then of the table', async (t) => {
    const fixture = await RoutingFixture.start(t, levels);
    assert.equal(await fixture.ask('/a'), 'a');
    const { rawHeaders } = fixture.lastRequest('a');
    assert.deepEqual(headerValues(rawHeaders, 'x-who'), ['route', 'virtual host', 'table']);
    assert.deepEqual(headerValues(rawHeaders, 'x-table'), ['1']);
  });

  test('adds to the requests of its own level only', async (t) => {
    const fixture = await RoutingFixture.start(t, levels);
    assert.equal(await fixture.ask('/b'), 'b');
    const { rawHeaders } = fixture.lastRequest('b');
    assert.deepEqual(headerValues(rawHeaders, 'x-who'), ['virtual host', 'table']);
  });

  test('adds behind what the client has sent', async (t) => {
    const fixture = await RoutingFixture.start(t, levels);
    await fixture.send({ path: '/b', headers: { 'x-who': ['client', 'again'] } });
    const { rawHeaders } = fixture.lastRequest('b');
    assert.deepEqual(headerValues(rawHeaders, 'x-who'), [
      'client',
      'again',
      'virtual host',
      'table',
    ]);
  });

  test('adds to what a mounted application gets', async (t) => {
    const proxy = await startMounted(
      t,
      showing(({ headersDistinct }) => headersDistinct['x-who']),
      {
        route: { request_headers_to_add: [header('x-who', 'route')] },
        config: { routeConfig: { request_headers_to_add: [header('x-who', 'table')] } },
      },
    );
    const { text } = await proxy.send({ headers: { 'x-who': 'client' } });
    assert.deepEqual(JSON.parse(text), ['client', 'route', 'table']);
  });

  test('adds nothing that routes look at', async (t) => {
    const who = [{ name: 'x-who', value: 'table' }];
    const fixture = await RoutingFixture.start(t, {
      ...levels,
      routes: [
        { prefix: '/', headers: who, cluster: 'a' },
        { prefix: '/', cluster: 'b' },
      ],
    });
    assert.equal(await fixture.ask('/'), 'b');
  });

  test('adds nothing to the location of a redirect', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', host_redirect: 'new.com' }],
      table: { request_headers_to_add: [header('x-forwarded-proto', 'https')] },
    });
    const response = await fixture.send({ path: '/x' });
    assert.equal(response.headers.location, 'http://new.com/x');
    assert.equal(response.headers['x-forwarded-proto'], undefined);
  });
});

describe('the value of a header to add', () => {
  /** Returns what a host gets of a header with this value. */
  async function receivedValue(
    t: TestContext,
    value: string,
    headers: Record<string, string> = {},
    manager: Record<string, unknown> = {},
  ): Promise<{ value: string | undefined; fixture: RoutingFixture }> {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', cluster: 'a', request_headers_to_add: [header('x-it', value)] }],
      manager,
    });
    await fixture.send({ headers });
    const [found] = headerValues(fixture.lastRequest('a').rawHeaders, 'x-it');
    return { value: found, fixture };
  }

  test('is taken as it stands', async (t) => {
    const text = 'one, "two"; {three} $4 \\5';
    assert.equal((await receivedValue(t, text)).value, text);
  });

  test('%% is a percent sign', async (t) => {
    assert.equal((await receivedValue(t, '100%% of %%CLIENT_IP%%')).value, '100% of %CLIENT_IP%');
  });

  for (const name of ['CLIENT_IP', 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT']) {
    test(`%${name}% is the peer's address`, async (t) => {
      assert.equal((await receivedValue(t, `<%${name}%>`)).value, '<127.0.0.1>');
    });

    test(`%${name}% is whom the peer says it speaks for, if peers are trusted`, async (t) => {
      const headers = { 'x-forwarded-for': '192.0.2.1, 192.0.2.2' };
      assert.equal((await receivedValue(t, `%${name}%`, headers)).value, '192.0.2.2');
    });

    test(`%${name}% is the peer's address with use_remote_address`, async (t) => {
      const headers = { 'x-forwarded-for': '192.0.2.1' };
      const manager = { use_remote_address: true };
      assert.equal((await receivedValue(t, `%${name}%`, headers, manager)).value, '127.0.0.1');
    });
  }

  test('%PROTOCOL% is the version of HTTP', async (t) => {
    assert.equal((await receivedValue(t, '%PROTOCOL%')).value, 'HTTP/1.1');
  });

  test('%DOWNSTREAM_LOCAL_ADDRESS% is what the client is connected to', async (t) => {
    const { value, fixture } = await receivedValue(t, '%DOWNSTREAM_LOCAL_ADDRESS%');
    assert.equal(value, `127.0.0.1:${fixture.proxy.port}`);
  });

  test('%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% leaves the port out', async (t) => {
    const { value } = await receivedValue(t, '%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%');
    assert.equal(value, '127.0.0.1');
  });

  test('may have several variables', async (t) => {
    const { value } = await receivedValue(t, 'by %PROTOCOL% from %CLIENT_IP%, 100%%');
    assert.equal(value, 'by HTTP/1.1 from 127.0.0.1, 100%');
  });

  test('knows of the application itself that it is on this machine', async (t) => {
    const { fixture } = await receivedValue(t, '%CLIENT_IP%/%PROTOCOL%/%DOWNSTREAM_LOCAL_ADDRESS%');
    assert.equal(await fixture.askOutbound('/'), 'a');
    const { rawHeaders } = fixture.lastRequest('a');
    assert.deepEqual(headerValues(rawHeaders, 'x-it'), ['127.0.0.1/HTTP/1.1/']);
  });
});

const rules = {
  response_headers_to_add: [
    header('X-Served-By', 'edge'),
    header('x-client', '%CLIENT_IP% by %PROTOCOL%'),
    header('x-powered-by', 'pillion'),
  ],
  response_headers_to_remove: ['X-Powered-By', 'x-secret'],
};

/** Fails unless a response has the headers that the rules above leave and add. */
function assertRules(rawHeaders: readonly string[]): void {
  assert.deepEqual(headerValues(rawHeaders, 'x-served-by'), ['edge']);
  assert.deepEqual(headerValues(rawHeaders, 'x-client'), ['127.0.0.1 by HTTP/1.1']);
  // Removing comes first.
  assert.deepEqual(headerValues(rawHeaders, 'x-powered-by'), ['pillion']);
  assert.deepEqual(headerValues(rawHeaders, 'x-secret'), []);
}

describe('response_headers_to_add and response_headers_to_remove', () => {
  function startUpstream(): Promise<FakeUpstream> {
    return FakeUpstream.start((_request, response) => {
      response.setHeader('X-Powered-By', ['one', 'two']);
      response.setHeader('X-Secret', 'secret');
      response.setHeader('X-Kept', 'kept');
      response.end('hello');
    });
  }

  test('change the responses of hosts', async (t) => {
    const proxy = await TestProxy.start(t, {
      upstream: await startUpstream(),
      config: { routeConfig: rules },
    });
    const response = await proxy.send();
    assert.equal(response.text, 'hello');
    assertRules(response.rawHeaders);
    assert.deepEqual(headerValues(response.rawHeaders, 'x-kept'), ['kept']);
  });

  test('change what the application gets', async (t) => {
    const proxy = await TestProxy.start(t, {
      upstream: await startUpstream(),
      config: { routeConfig: rules },
    });
    const { headers, body } = await proxy.sidecar.request('http://foo.com/');
    assert.equal(await body.text(), 'hello');
    assert.equal(headers['x-served-by'], 'edge');
    assert.equal(headers['x-powered-by'], 'pillion');
    assert.equal(headers['x-secret'], undefined);
    assert.equal(headers['x-kept'], 'kept');
  });

  test('show whom the request came from, whatever filters have made of it', async (t) => {
    const filter: HttpFilter = {
      decodeHead({ headers }): undefined {
        setHeader(headers, 'x-forwarded-for', '192.0.2.99');
      },
    };
    const proxy = await TestProxy.start(t, {
      manager: { filters: [{ name: 'mine', config: {} }, router] },
      route: { request_headers_to_add: [header('x-seen', '%CLIENT_IP%')] },
      config: { routeConfig: { response_headers_to_add: [header('x-client', '%CLIENT_IP%')] } },
      options: { httpFilters: { mine: () => () => filter } },
      upstream: await FakeUpstream.start(({ headers }, response) => {
        response.end(`${headers['x-forwarded-for']} ${headers['x-seen']}`);
      }),
    });
    const { text, rawHeaders } = await proxy.send({ headers: { 'x-forwarded-for': '192.0.2.1' } });
    assert.equal(text, '192.0.2.99 192.0.2.1');
    assert.deepEqual(headerValues(rawHeaders, 'x-client'), ['192.0.2.1']);
  });

  test('change local replies', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [
        { path: '/redirect', path_redirect: '/new' },
        { path: '/here', cluster_header: 'x-cluster' },
      ],
      table: rules,
    });
    for (const [path, status] of [
      ['/none', 404],
      ['/here', 404],
      ['/redirect', 301],
    ] as const) {
      const response = await fixture.send({ path });
      assert.equal(response.status, status, path);
      assertRules(response.rawHeaders);
      assert.deepEqual(headerValues(response.rawHeaders, 'content-length'), ['0'], path);
    }
  });

  test('change the redirect to https', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', cluster: 'a' }],
      virtualHost: { require_ssl: 'all' },
      table: rules,
    });
    const response = await fixture.send();
    assert.equal(response.status, 301);
    assertRules(response.rawHeaders);
  });

  test('change the replies to what never reaches the routes', async (t) => {
    const proxy = await TestProxy.start(t, { config: { routeConfig: rules } });
    const text = await proxy.exchange('GET / HTTP/1.0\r\nhost: foo.com\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 426 /);
    assert.match(text, /\r\nx-served-by: edge\r\n/i);
  });

  test('change the responses of a mounted application', async (t) => {
    const proxy = await startMounted(
      t,
      (_request, response) => {
        response.writeHead(201, { 'X-Powered-By': 'app', 'X-Secret': 'secret', 'X-Kept': 'kept' });
        response.write('hel');
        response.end('lo');
      },
      { config: { routeConfig: rules } },
    );
    const response = await proxy.send();
    assert.equal(response.status, 201);
    assert.equal(response.text, 'hello');
    assertRules(response.rawHeaders);
    assert.deepEqual(headerValues(response.rawHeaders, 'x-kept'), ['kept']);
  });

  for (const kind of ['a host', 'a mounted application', 'a local reply'] as const) {
    test(`take server and date off the response of ${kind}`, async (t) => {
      const routeConfig = { response_headers_to_remove: ['Server', 'Date'] };
      const isLocal = kind === 'a local reply';
      const parts = { config: { routeConfig }, route: isLocal ? { prefix: '/none' } : {} };
      const proxy =
        kind === 'a mounted application'
          ? await startMounted(t, (_request, response) => response.end('hello'), parts)
          : await TestProxy.start(t, parts);
      const { status, headers } = await proxy.send();
      assert.equal(status, isLocal ? 404 : 200);
      assert.equal(headers['server'], undefined);
      assert.equal(headers.date, undefined);
    });

    test(`put a server of their own on the response of ${kind}`, async (t) => {
      const routeConfig = {
        response_headers_to_remove: ['server'],
        response_headers_to_add: [header('server', 'mine')],
      };
      const isLocal = kind === 'a local reply';
      const parts = { config: { routeConfig }, route: isLocal ? { prefix: '/none' } : {} };
      const proxy =
        kind === 'a mounted application'
          ? await startMounted(t, (_request, response) => response.end('hello'), parts)
          : await TestProxy.start(t, parts);
      const { rawHeaders } = await proxy.send();
      assert.deepEqual(headerValues(rawHeaders, 'server'), ['mine']);
    });
  }
});
