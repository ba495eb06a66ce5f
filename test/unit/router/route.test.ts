import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRuntime, type Runtime } from '../../../lib/base/runtime.js';
import type { RouteConfig } from '../../../lib/config/route-config.js';
import { HeaderAdditions } from '../../../lib/router/header-additions.js';
import { Route } from '../../../lib/router/route.js';
import {
  clusterRoute,
  createRuntime,
  forwardAction,
  routedRequest,
} from '../../support/route-fixture.js';

function createRoute(config: RouteConfig, runtime: Runtime = defaultRuntime): Route {
  return new Route(config, new HeaderAdditions(), runtime);
}

test('all that a route asks for must be there', () => {
  const config = clusterRoute('picky', {
    headers: [
      { name: 'x-a', kind: 'exact', value: '1' },
      { name: ':method', kind: 'exact', value: 'PUT' },
    ],
    queryParameters: [{ name: 'q', kind: 'present' }],
    runtime: { key: 'picky', default: 10 },
  });
  const route = createRoute(config, createRuntime({ picky: 20 }));
  const head = { method: 'PUT', path: '/?q', headers: ['x-a', '1'] };
  const matches = (parts: object, random = 0): boolean =>
    route.matches(routedRequest({ ...head, ...parts }, random));
  assert.equal(matches({}), true);
  assert.equal(matches({}, 119), true);
  assert.equal(matches({}, 120), false);
  assert.equal(matches({ headers: ['x-a', '2'] }), false);
  assert.equal(matches({ headers: [] }), false);
  assert.equal(matches({ method: 'GET' }), false);
  assert.equal(matches({ path: '/?p' }), false);
});

test('a route has what its action says', () => {
  const action = forwardAction({ timeoutMs: 70, priority: 'high' });
  const route = createRoute({ ...clusterRoute('app'), action });
  assert.equal(route.timeoutMs, 70);
  assert.equal(route.timeoutHeader, '70');
  assert.equal(route.priority, 'high');
  assert.equal(route.redirect, undefined);
  assert.equal(route.rewriter, undefined);
  assert.equal(route.clusterFor(routedRequest()), 'app');
});

test('a route that redirects leads to no cluster', () => {
  const action = { kind: 'redirect', host: 'bar.com', path: undefined } as const;
  const route = createRoute({ ...clusterRoute('app'), action });
  assert.equal(route.clusterFor(routedRequest()), undefined);
  assert.equal(route.redirect?.(routedRequest().requestHead), 'http://bar.com/');
  assert.equal(route.timeoutHeader, '');
});

test('what a route asks for is told in the order in which it is looked at', () => {
  const match = {
    headers: [{ name: 'x-a', kind: 'present' }],
    queryParameters: [{ name: 'q', kind: 'present' }],
    runtime: { key: 'k', default: 5 },
  } as const;
  const route = createRoute(clusterRoute('app', match));
  assert.deepEqual(
    route.conditions.map((condition) => condition.describe()),
    [
      'path begins with "/"',
      'header x-a is there',
      'query parameter "q" is there',
      '5 % of the requests (runtime key "k")',
    ],
  );
});
