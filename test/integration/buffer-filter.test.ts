import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { parseRawResponse } from '../support/responses.js';
import { until } from '../support/until.js';

const router = { name: 'router', config: {} };

function bufferFilters(config: Json): Json {
  return { filters: [{ name: 'buffer', config }, router] };
}

/** A proxy whose requests may have 10 bytes and take 5 seconds, and its host, which echoes them. */
async function start(t: TestContext): Promise<{ proxy: TestProxy; upstream: FakeUpstream }> {
  const upstream = await FakeUpstream.start((request, response) => request.pipe(response));
  const manager = bufferFilters({ max_request_bytes: 10, max_request_time_s: 5 });
  return { proxy: await TestProxy.start(t, { upstream, manager }), upstream };
}

const head = 'POST / HTTP/1.1\r\nhost: foo.com\r\n';

test('a request goes on when all of it is here, and not before', async (t) => {
  const { proxy, upstream } = await start(t);
  const client = await proxy.connect();
  client.write(`${head}content-length: 10\r\n\r\n01234`);
  await proxy.untilStat('downstream_rq_active', 1);
  assert.equal(upstream.requests.length, 0);
  client.write('56789');
  await client.until('0123456789');
  assert.equal(parseRawResponse(client.received).status, 200);
});

test('chunks, trailers and requests without a body pass as they are', async (t) => {
  const { proxy, upstream } = await start(t);
  const client = await proxy.connect();
  client.write(
    `${head}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\nx-a: b\r\n\r\n`,
  );
  await client.until('0\r\n\r\n');
  // The host may put into one chunk what it sends back of two.
  const { body } = parseRawResponse(client.received);
  assert.equal(body.replace(/\d\r\n|\r\n/g, ''), 'abcd');
  assert.equal(upstream.requests[0]?.trailers['x-a'], 'b');
  assert.equal((await proxy.send({ method: 'GET' })).status, 200);
  assert.equal(upstream.requests.length, 2);
});

test('max_request_bytes: a larger request is answered with 413 and reaches nobody', async (t) => {
  const { proxy, upstream } = await start(t);
  const { status, text } = await proxy.send({ method: 'POST', body: '01234567890' });
  assert.deepEqual([status, text], [413, 'Payload Too Large']);
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_rq_too_large'), 1);
  assert.equal(upstream.requests.length, 0);
});

test('max_request_time_s: a request that is not here in time is answered with 408', async (t) => {
  const { proxy, upstream } = await start(t);
  const client = await proxy.connect();
  client.write(`${head}content-length: 10\r\n\r\n01234`);
  await proxy.untilStat('downstream_rq_active', 1);
  proxy.clock.advance(6000);
  await client.until('buffer request timeout');
  assert.equal(parseRawResponse(client.received).status, 408);
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.buffer.rq_timeout'), 1);
  assert.equal(upstream.requests.length, 0);
});

test('a client that leaves before its request is complete leaves nothing behind', async (t) => {
  const { proxy, upstream } = await start(t);
  const client = await proxy.connect();
  client.write(`${head}content-length: 10\r\n\r\n01234`);
  await proxy.untilStat('downstream_rq_active', 1);
  client.socket.destroy();
  await proxy.untilStat('downstream_rq_active', 0);
  assert.equal(upstream.requests.length, 0);
});

test('a mounted application gets the whole request too, and no larger one', async (t) => {
  const bodies: string[] = [];
  const proxy = await startMounted(
    t,
    (request, response) => {
      let body = '';
      request.setEncoding('latin1').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(body);
        response.end(body);
      });
    },
    { manager: bufferFilters({ max_request_bytes: 10, max_request_time_s: 5 }) },
  );
  assert.equal((await proxy.send({ method: 'POST', body: '0123456789' })).text, '0123456789');
  assert.equal((await proxy.send({ method: 'POST', body: '01234567890' })).status, 413);
  await until(() => bodies.length === 1, 'one request has reached the application');
});

test('calls of the application are held as well', async (t) => {
  const { proxy } = await start(t);
  const small = await proxy.sidecar.request('http://foo.com/', { method: 'POST', body: 'abc' });
  assert.equal(await small.body.text(), 'abc');
  const large = await proxy.sidecar.request('http://foo.com/', {
    method: 'POST',
    body: 'x'.repeat(11),
  });
  assert.equal(large.statusCode, 413);
  assert.equal(await large.body.text(), 'Payload Too Large');
});
