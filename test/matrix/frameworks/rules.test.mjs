import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applications } from './applications.mjs';
import { startMounted, ways } from './sidecar.mjs';

/** A filter of the application's own: it keeps strangers out, and signs what goes back. */
const createGuard = () => (callbacks) => ({
  decodeHead({ path }) {
    if (path !== '/secret') {
      return 'continue';
    }
    callbacks.sendLocalReply(401, 'not you');
    return 'stop';
  },
  encodeHead({ headers }) {
    headers.push('x-guard', 'seen');
  },
});

const parts = {
  filters: [{ name: 'guard', config: {} }],
  options: { httpFilters: { guard: createGuard } },
  routes: [
    { path: '/hang', cluster: 'app', timeout_ms: 100 },
    { path: '/old', cluster: 'app', prefix_rewrite: '/hello' },
  ],
  route: {
    use_websocket: false,
    request_headers_to_add: [{ key: 'x-own', value: 'of the route' }],
  },
};

for (const [name, { create }] of Object.entries(applications)) {
  for (const [way, connect] of Object.entries(ways)) {
    if (way === 'by the application itself') {
      continue; // Those go by the name of the cluster, not by a listener's rules.
    }
    test(`the listener's rules apply to ${name}, called ${way}`, async (t) => {
      const proxy = await startMounted(t, await create(t), parts);
      const send = connect(t, proxy);

      const hello = await send({ path: '/hello' });
      assert.equal(hello.status, 200);
      assert.equal(hello.headers['x-own'], 'of the route');
      assert.equal(hello.headers['x-answered'], 'by the sidecar');
      assert.equal(hello.headers['x-powered-by'], undefined);
      assert.equal(hello.headers['x-guard'], 'seen');
      assert.match(hello.headers['x-envoy-upstream-service-time'], /^\d+$/);
      assert.equal(String((await send({ path: '/old' })).body), 'hello');

      const refused = await send({ path: '/secret' });
      assert.deepEqual([refused.status, String(refused.body)], [401, 'not you']);
      const late = await send({ path: '/hang' });
      assert.deepEqual([late.status, String(late.body)], [504, 'upstream request timeout']);

      assert.deepEqual(await proxy.logLines(4), [
        'GET /hello 200 -',
        'GET /old 200 -',
        'GET /secret 401 -',
        'GET /hang 504 UT',
      ]);
      const stats = await proxy.stats();
      const expected = {
        'http.ingress_http.downstream_rq_total': 4,
        'http.ingress_http.downstream_rq_2xx': 2,
        'http.ingress_http.downstream_rq_4xx': 1,
        'http.ingress_http.downstream_rq_5xx': 1,
        'cluster.app.upstream_rq_total': 3,
        'cluster.app.upstream_rq_2xx': 2,
        'cluster.app.upstream_rq_504': 1,
        'cluster.app.upstream_rq_timeout': 1,
        'cluster.app.upstream_rq_active': 0,
      };
      const counted = Object.keys(expected).map((key) => [key, stats.get(key)]);
      assert.deepEqual(Object.fromEntries(counted), expected);
    });
  }
}
