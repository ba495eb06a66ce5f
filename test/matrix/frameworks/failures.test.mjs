import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applications } from './applications.mjs';
import { buffering, startMounted, until, ways } from './sidecar.mjs';

const connections = [
  ['by HTTP/1', ways['by HTTP/1'], {}],
  ['by HTTP/2', ways['by HTTP/2'], {}],
  ['behind a filter that reads bodies', ways['by HTTP/1'], { filters: buffering }],
];

const replyOfFailure = 'upstream connect error or disconnect/reset before headers';

async function countOf(proxy, ...names) {
  const stats = await proxy.stats();
  return names.map((name) => stats.get(`cluster.app.${name}`) ?? 0);
}

for (const [name, { create, statusOfError, canWriteLate }] of Object.entries(applications)) {
  for (const [way, connect, parts] of connections) {
    test(`${name} that fails, called ${way}, is answered for and counted`, async (t) => {
      const proxy = await startMounted(t, await create(t), parts);
      const response = await connect(t, proxy)({ path: '/error' });
      if (statusOfError === 503) {
        assert.deepEqual([response.status, String(response.body)], [503, replyOfFailure]);
        assert.deepEqual(await proxy.logLines(1), ['GET /error 503 LR']);
        assert.equal(proxy.errors.length, 1);
        assert.match(proxy.errors[0], /the mounted application failed: Error: of the application/);
      } else {
        assert.equal(response.status, statusOfError);
        assert.deepEqual(await proxy.logLines(1), [`GET /error ${statusOfError} -`]);
        assert.deepEqual(proxy.errors, []);
      }
      const counted = await countOf(proxy, `upstream_rq_${response.status}`, 'upstream_rq_active');
      assert.deepEqual(counted, [1, 0]);
    });

    test(`${name} that never answers, called ${way}, is answered for and counted`, async (t) => {
      const timed = { ...parts, route: { timeout_ms: 100 } };
      const proxy = await startMounted(t, await create(t), timed);
      const send = connect(t, proxy);
      const response = await send({ path: '/hang' });
      assert.deepEqual([response.status, String(response.body)], [504, 'upstream request timeout']);
      assert.deepEqual(await proxy.logLines(1), ['GET /hang 504 UT']);
      const counted = await countOf(proxy, 'upstream_rq_504', 'upstream_rq_timeout');
      assert.deepEqual(counted, [1, 1]);
      assert.equal((await send({ path: '/hello' })).status, 200);
      assert.deepEqual(await countOf(proxy, 'upstream_rq_active'), [0]);
    });

    // Nothing can be written after a `Response`.
    if (canWriteLate !== true) {
      continue;
    }
    test(`${name} that writes after the end, called ${way}, harms nobody`, async (t) => {
      const proxy = await startMounted(t, await create(t), parts);
      const send = connect(t, proxy);
      const response = await send({ path: '/late' });
      assert.deepEqual([response.status, String(response.body)], [200, 'hello']);
      await until('it is logged', () => proxy.errors.length > 0);
      assert.match(proxy.errors[0], /write after end/);
      assert.deepEqual(await proxy.logLines(1), ['GET /late 200 -']);
      assert.deepEqual(await countOf(proxy, 'upstream_rq_200', 'upstream_rq_active'), [1, 0]);
      assert.equal((await send({ path: '/hello' })).status, 200);
    });
  }
}
