import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import bodyParser from 'body-parser';
import express from 'express';
import { buffering, startMounted, ways } from './sidecar.mjs';

/** By content type: what is sent, and what the application finds in `request.body`. */
const bodies = {
  'application/json': ['{"name":"value"}', { name: 'value' }],
  'application/x-www-form-urlencoded': ['name=value', { name: 'value' }],
  'text/plain': ['value', 'value'],
  'application/octet-stream': ['value', { type: 'Buffer', data: [...Buffer.from('value')] }],
};

function createApplication() {
  const parsers = [bodyParser.json(), bodyParser.urlencoded(), bodyParser.text(), bodyParser.raw()];
  const inner = express.Router();
  inner.post('/', (request, response) => response.json(request.body));
  return express().use(parsers).use('/inner', inner);
}

const cases = [
  ...Object.entries(ways).map(([way, connect]) => [way, connect, {}]),
  ['behind a filter that reads bodies', ways['by HTTP/1'], { filters: buffering }],
];

for (const [way, connect, parts] of cases) {
  test(`what stands behind a body parser gets what it has read, called ${way}`, async (t) => {
    const proxy = await startMounted(t, createApplication(), parts);
    const send = connect(t, proxy);
    for (const [type, [text, expected]] of Object.entries(bodies)) {
      for (const [body, more] of [
        [text, { 'content-length': String(text.length) }],
        [Readable.from([Buffer.from(text)]), {}],
        [gzipSync(text), { 'content-encoding': 'gzip' }],
      ]) {
        const headers = { 'content-type': type, ...more };
        const response = await send({ path: '/inner', method: 'POST', headers, body });
        assert.equal(response.status, 200);
        assert.deepEqual(JSON.parse(response.body), expected);
      }
    }
    assert.deepEqual(proxy.errors, []);
  });
}

test('a request that goes on to another service behind a parser fails at once', async (t) => {
  const app = express().set('env', 'test').use(express.json());
  const proxy = await startMounted(t, app);
  const { sidecar } = proxy;
  app.post('/read', async (request, response) => {
    const url = 'http://app/other';
    const options = { method: 'POST', headers: { 'content-type': 'application/json' } };
    if (request.query['as'] === 'stream') {
      await sidecar.request(url, { ...options, body: request });
      return;
    }
    const answer = await sidecar.request(url, { ...options, body: JSON.stringify(request.body) });
    response.json(await answer.body.json());
  });
  app.post('/other', (request, response) => response.json(request.body));
  app.use((error, _request, response, _next) => response.status(500).send(error.message));
  const send = ways['by HTTP/1'](t, proxy);
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
  const refused = await send({ path: '/read?as=stream', ...post });
  assert.equal(refused.status, 500);
  assert.match(String(refused.body), /has been read to its end already, as body parsers do/);
  const sent = await send({ path: '/read', ...post });
  assert.deepEqual(JSON.parse(sent.body), { a: 1 });
});
