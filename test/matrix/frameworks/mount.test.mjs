import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { applications, hashOf, large, largeStream, left } from './applications.mjs';
import { buffering, startMounted, until, ways } from './sidecar.mjs';

const json = { 'content-type': 'application/json' };
const bytes = { 'content-type': 'application/octet-stream' };

/** Every way, and the one of requests that a filter reads as a whole first. */
const all = [
  ...Object.entries(ways).map(([way, connect]) => [way, connect, {}]),
  ['behind a filter that reads bodies', ways['by HTTP/1'], { filters: buffering }],
];

for (const [name, { create, statusOfError }] of Object.entries(applications)) {
  for (const [way, connect, parts] of all) {
    test(`${name} serves ${way}`, async (t) => {
      const proxy = await startMounted(t, await create(t), parts);
      const send = connect(t, proxy);

      const hello = await send({ path: '/hello', headers: { 'x-own': 'mine' } });
      assert.deepEqual(
        [hello.status, hello.headers['x-own'], String(hello.body)],
        [200, 'mine', 'hello'],
      );

      const posted = await send({ path: '/json', method: 'POST', headers: json, body: '{"a":1}' });
      assert.deepEqual(JSON.parse(posted.body), { a: 1 });
      const inChunks = Readable.from([Buffer.from('{"a":'), Buffer.from('2}')]);
      const chunked = await send({ path: '/json', method: 'POST', headers: json, body: inChunks });
      assert.deepEqual(JSON.parse(chunked.body), { a: 2 });

      const body = largeStream();
      const uploaded = await send({ path: '/upload', method: 'POST', headers: bytes, body });
      assert.equal(String(uploaded.body), await hashOf([large]));
      const downloaded = await send({ path: '/download' });
      assert.ok(downloaded.body.equals(large));

      const failed = await send({ path: '/error' });
      assert.equal(failed.status, statusOfError);

      const before = left.count;
      const leaving = new AbortController();
      const aborted = send({ path: '/hang', signal: leaving.signal });
      aborted.catch(() => {});
      await until('the application has the request', async () => {
        return (await proxy.stats()).get('cluster.app.upstream_rq_active') === 1;
      });
      leaving.abort();
      await assert.rejects(aborted);
      await until('the application hears that its client has left', () => left.count > before);
      assert.equal((await send({ path: '/hello' })).status, 200);
    });
  }
}
