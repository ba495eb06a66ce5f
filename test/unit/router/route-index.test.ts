import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultRuntime } from '../../../lib/base/runtime.js';
import type { RouteConfig } from '../../../lib/config/route-config.js';
import type { PathMatchConfig } from '../../../lib/config/route-match-config.js';
import type { RoutedRequest } from '../../../lib/http/filter.js';
import type { Route } from '../../../lib/router/route.js';
import { RouteIndex } from '../../../lib/router/route-index.js';
import { VirtualHost } from '../../../lib/router/virtual-host.js';
import { clusterRoute, routedRequest, virtualHostConfig } from '../../support/route-fixture.js';
import { SeededRandom } from '../../support/seeded-random.js';

function createRoutes(configs: readonly RouteConfig[]): readonly Route[] {
  const config = virtualHostConfig({ routes: configs });
  return new VirtualHost(config, [], defaultRuntime).routes;
}

function prefixRoute(prefix: string, header?: string): RouteConfig {
  return conditionalRoute({ kind: 'prefix', prefix, caseSensitive: true }, header);
}

/** With `header`, the route asks that the request has a header of this name. */
function conditionalRoute(path: PathMatchConfig, header?: string): RouteConfig {
  const headers = header === undefined ? [] : [{ name: header, kind: 'present' as const }];
  return clusterRoute('app', { path, headers });
}

function tryInTurn(routes: readonly Route[], request: RoutedRequest): number {
  return routes.findIndex((route) => route.matches(request));
}

function assertSame(routes: readonly Route[], index: RouteIndex, request: RoutedRequest): number {
  const expected = tryInTurn(routes, request);
  const found = index.match(request);
  const position = found === undefined ? -1 : routes.indexOf(found);
  assert.equal(position, expected, `of ${JSON.stringify(request.requestHead)}`);
  return expected;
}

/** Text whose case is changed in ways of its own, or not at all, when it is made lower case. */
const segments = ['a', 'b', 'A', 'ab', 'aB', 'é', '\xc0', '\xe0', '?', '?a=', '/', '//'] as const;
const wide = ['\u0130', '\u212a', 'k', '\u212b', '\xe5', '\u03a3'] as const;

function randomPath(random: SeededRandom, mayBeWide: boolean): string {
  let path = random.integer(20) === 0 ? '' : '/';
  for (let length = random.integer(5); length > 0; length--) {
    path += mayBeWide && random.integer(8) === 0 ? random.pick(wide) : random.pick(segments);
  }
  return path;
}

function randomRoute(random: SeededRandom): RouteConfig {
  const text = randomPath(random, false);
  const caseSensitive = random.integer(3) > 0;
  const header = random.integer(2) === 0 ? random.pick(['x', 'y']) : undefined;
  const kind = random.integer(12);
  if (kind === 0) {
    const pattern = random.pick(['/a.*', '/[ab]+', '/.*/b', '/A?', '.*b']);
    return conditionalRoute({ kind: 'regex', pattern }, header);
  }
  return kind < 5
    ? conditionalRoute({ kind: 'path', path: text, caseSensitive }, header)
    : conditionalRoute({ kind: 'prefix', prefix: text, caseSensitive }, header);
}

function randomRequest(random: SeededRandom): RoutedRequest {
  const headers = random.pick([[], ['x', '1'], ['y', '1'], ['x', '1', 'y', '1']]);
  return routedRequest({ path: randomPath(random, true), headers });
}

for (let seed = 1; seed <= 8; seed++) {
  test(`random routes are found as by trying one after the other (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const found = new Set<number>();
    for (let table = 0; table < 60; table++) {
      const configs = Array.from({ length: 1 + random.integer(60) }, () => randomRoute(random));
      const routes = createRoutes(configs);
      const index = new RouteIndex(routes);
      for (let i = 0; i < 60; i++) {
        found.add(assertSame(routes, index, randomRequest(random)));
      }
    }
    assert.ok(found.size > 20, `only ${found.size} positions took part`);
  });
}

describe('of prefixes each one character longer than the last', () => {
  const count = 600;
  const prefixes = Array.from({ length: count }, (_, i) => `/${'a'.repeat(i + 1)}`);
  const orders: readonly (readonly [string, readonly string[]])[] = [
    ['the shortest first', prefixes],
    ['the longest first', [...prefixes].reverse()],
  ];
  for (const [order, ordered] of orders) {
    for (const header of [undefined, 'x']) {
      const condition = header === undefined ? 'no' : 'a';
      test(`the first in order is found: ${order}, with ${condition} header condition`, () => {
        const routes = createRoutes([
          ...ordered.map((prefix) => prefixRoute(prefix, header)),
          prefixRoute('/aa'),
        ]);
        const index = new RouteIndex(routes);
        for (const length of [0, 1, 2, 3, 300, count, count + 1, 65_536]) {
          for (const end of ['', 'b', '?a', '/']) {
            const path = `/${'a'.repeat(length)}${end}`;
            assertSame(routes, index, routedRequest({ path }));
            assertSame(routes, index, routedRequest({ path, headers: ['x', '1'] }));
          }
        }
      });
    }
  }
});

test('only routes that the path leaves possible are tried, up to the first that matches', () => {
  const routes = createRoutes([
    prefixRoute('/a', 'x'),
    ...Array.from({ length: 100 }, (_, i) => prefixRoute(`/other-${i}`)),
    prefixRoute('/ab'),
    prefixRoute('/a'),
  ]);
  const tried: number[] = [];
  for (const [position, route] of routes.entries()) {
    const matches = route.matches.bind(route);
    route.matches = (request) => {
      tried.push(position);
      return matches(request);
    };
  }
  const index = new RouteIndex(routes);
  assert.equal(index.match(routedRequest({ path: '/abc' })), routes[101]);
  assert.deepEqual(tried, [0, 101]);
});

test('without a route that matches there is none', () => {
  const routes = createRoutes(['/a', '/b/c', '/b/d'].map((prefix) => prefixRoute(prefix)));
  const index = new RouteIndex(routes);
  for (const path of ['/', '', '/b', '/b/', '/c', '*', '/A']) {
    assert.equal(index.match(routedRequest({ path })), undefined, path);
  }
  assert.equal(new RouteIndex([]).match(routedRequest()), undefined);
});

test('a virtual host of many routes finds the same as one of few', () => {
  const configs = Array.from({ length: 40 }, (_, i) => prefixRoute(`/${i}`));
  const virtualHost = new VirtualHost(virtualHostConfig({ routes: configs }), [], defaultRuntime);
  for (const path of ['/1', '/12', '/39', '/4x', '/x']) {
    const request = routedRequest({ path });
    const expected = virtualHost.routes[tryInTurn(virtualHost.routes, request)];
    assert.equal(virtualHost.match(request), expected, path);
  }
});
