import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RouteConfig } from '../../../lib/config/route-config.js';
import type { PathMatchConfig } from '../../../lib/config/route-match-config.js';
import { RouteTable, SslRedirectRoute } from '../../../lib/router/route-table.js';
import {
  asBytes,
  clusterRoute,
  routedRequest,
  routeTableConfig,
  virtualHostConfig,
} from '../../support/route-fixture.js';

function route(cluster: string, match: object = {}): RouteConfig {
  // Either kind of path, with its own keys.
  const path = { kind: 'prefix', prefix: '/', caseSensitive: true, ...match } as PathMatchConfig;
  return clusterRoute(cluster, { path });
}

/** A table with one virtual host for each entry: its domains, and its routes or one cluster. */
function createTable(
  hosts: readonly (readonly [readonly string[], string | readonly RouteConfig[]])[],
): RouteTable {
  const virtualHosts = hosts.map(([domains, routes]) =>
    virtualHostConfig({ domains, routes: typeof routes === 'string' ? [route(routes)] : routes }),
  );
  return new RouteTable(routeTableConfig({ virtualHosts }));
}

/** The cluster that a request is routed to; `undefined` if there is no route. */
function clusterOf(table: RouteTable, authority: string, path: string): string | undefined {
  const request = routedRequest({ authority, path });
  return table.match(request)?.clusterFor(request);
}

describe('the virtual host', () => {
  const table = createTable([
    [['*'], 'any'],
    [['*.foo.com'], 'suffix'],
    [['*.bar.foo.com', '*-bar.foo.com'], 'longer'],
    [['www.foo.com', 'other.com', 'Mixed.Case.com'], 'exact'],
    [['ported.com:8080', '[::1]:80'], 'ported'],
    [['größe.com', '*.Weiß.com'], 'notAscii'],
  ]);
  const cases: readonly (readonly [string, string])[] = [
    ['www.foo.com', 'exact'],
    ['other.com', 'exact'],
    ['WWW.Foo.COM', 'exact'],
    ['mixed.case.com', 'exact'],
    ['x.foo.com', 'suffix'],
    ['x.y.FOO.com', 'suffix'],
    ['.foo.com', 'any'],
    ['foo.com', 'any'],
    ['xfoo.com', 'any'],
    ['x.bar.foo.com', 'longer'],
    ['baz-bar.foo.com', 'longer'],
    ['-bar.foo.com', 'suffix'],
    ['www.foo.com:80', 'any'],
    ['ported.com:8080', 'ported'],
    ['ported.com', 'any'],
    ['[::1]:80', 'ported'],
    ['*', 'any'],
    ['', 'any'],
    ['__proto__', 'any'],
    ['constructor', 'any'],
    ['*.foo.com', 'suffix'],
    ['-bar.foo.com:80', 'any'],
    [asBytes('größe.com'), 'notAscii'],
    [asBytes('x.weiß.com'), 'notAscii'],
    ['gr\xf6\xdfe.com', 'any'],
  ];
  for (const [authority, cluster] of cases) {
    test(`of ${JSON.stringify(authority)} is ${cluster}`, () => {
      assert.equal(clusterOf(table, authority, '/'), cluster);
    });
  }

  test('is none without a domain that matches', () => {
    const strict = createTable([[['a.com', '*.b.com'], 'x']]);
    for (const authority of ['c.com', 'b.com', 'a.com:80', '']) {
      assert.equal(clusterOf(strict, authority, '/'), undefined);
    }
  });

  test('is found among suffixes even if a * and no literal domain stands beside them', () => {
    // Some releases of Envoy skip the suffixes then, which is a defect: reference 2.5.
    const suffixes = createTable([
      [['*'], 'any'],
      [['*.foo.com'], 'suffix'],
    ]);
    assert.equal(clusterOf(suffixes, 'x.foo.com', '/'), 'suffix');
  });

  test('is the first of two with the same suffix', () => {
    const twice = createTable([
      [['*.foo.com'], 'first'],
      [['*.FOO.com'], 'second'],
    ]);
    assert.equal(clusterOf(twice, 'x.foo.com', '/'), 'first');
  });

  test('is not looked for elsewhere when none of its routes matches', () => {
    const table = createTable([
      [['*'], 'any'],
      [['foo.com'], [route('only', { kind: 'path', path: '/only' })]],
    ]);
    assert.equal(clusterOf(table, 'foo.com', '/else'), undefined);
  });
});

describe('the route', () => {
  const table = createTable([
    [
      ['*'],
      [
        route('path', { kind: 'path', path: '/exact' }),
        route('query', { prefix: '/q?key=' }),
        route('long', { prefix: '/a/b' }),
        route('short', { prefix: '/a' }),
        route('shadowed', { prefix: '/a/b/c' }),
        route('folded', { prefix: '/Case', caseSensitive: false }),
        route('foldedPath', { kind: 'path', path: '/Path', caseSensitive: false }),
      ],
    ],
  ]);
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['/exact', 'path'],
    ['/exact?a=b', 'path'],
    ['/exact?', 'path'],
    ['/exact/', undefined],
    ['/exac', undefined],
    ['/EXACT', undefined],
    ['/q?key=1', 'query'],
    ['/q?other=1', undefined],
    ['/q', undefined],
    ['/a', 'short'],
    ['/ab', 'short'],
    ['/a/b', 'long'],
    ['/a/b/c', 'long'],
    ['/A', undefined],
    ['/case/x', 'folded'],
    ['/CASE', 'folded'],
    ['/cas', undefined],
    ['/path?q', 'foldedPath'],
    ['/path/', undefined],
    ['/', undefined],
  ];
  for (const [path, cluster] of cases) {
    test(`of ${path} is ${cluster ?? 'none'}`, () => {
      assert.equal(clusterOf(table, 'host', path), cluster);
    });
  }
});

test('where only https is let in, a request over plain text meets no route', () => {
  const virtualHosts = [virtualHostConfig({ requireSsl: 'all', routes: [] })];
  const table = new RouteTable(routeTableConfig({ virtualHosts }));
  const plain = routedRequest({ authority: 'foo.com:80', path: '/a?b' });
  const result = table.match(plain);
  assert.ok(result instanceof SslRedirectRoute);
  assert.equal(result.redirect(plain.requestHead), 'https://foo.com:80/a?b');
  assert.equal(result.clusterFor(), undefined);
  assert.equal(table.match(routedRequest({ headers: ['x-forwarded-proto', 'https'] })), undefined);
});

describe('claims', () => {
  test('a host that has a virtual host, whatever its routes', () => {
    const table = createTable([[['foo.com', '*.bar.com'], []]]);
    assert.equal(table.claims('FOO.com'), true);
    assert.equal(table.claims('x.bar.com'), true);
    assert.equal(table.claims('bar.com'), false);
  });
});

test('ten thousand domains cost no more than ten', () => {
  const domains = Array.from({ length: 10_000 }, (_, i) => `host-${i}.com`);
  const wildcards = Array.from({ length: 10_000 }, (_, i) => `*.wild-${i}.com`);
  const table = createTable([
    [domains, 'exact'],
    [wildcards, 'wild'],
  ]);
  assert.equal(clusterOf(table, 'host-9999.com', '/'), 'exact');
  assert.equal(clusterOf(table, 'x.wild-9999.com', '/'), 'wild');
  assert.equal(clusterOf(table, 'x.wild-10000.com', '/'), undefined);
});
