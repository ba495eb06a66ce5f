import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as zlib from 'node:zlib';
import { Http2Client } from '../support/http2-client.js';
import { startMounted } from '../support/mounted-proxy.js';
import type { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const { brotliCompressSync, brotliDecompressSync, deflateSync, gzipSync } = zlib;
// Newer than the types. Node.js 22 has it, but its `fetch` does not.
const { zstdCompressSync } = zlib as { zstdCompressSync?: (data: Buffer) => Buffer };
const canFetchZstd = Number.parseInt(process.versions['undici'] ?? '', 10) >= 7;

const plain = Buffer.from('hello '.repeat(9999));

/** By path: how the body is encoded, and what is sent. */
const encoded: Readonly<Record<string, readonly [string, Buffer]>> = {
  '/gzip': ['gzip', gzipSync(plain)],
  '/x-gzip': ['X-GZip', gzipSync(plain)],
  '/deflate': ['deflate', deflateSync(plain)],
  '/br': ['br', brotliCompressSync(plain)],
  '/two': ['gzip, br', brotliCompressSync(gzipSync(plain))],
  ...(zstdCompressSync !== undefined && canFetchZstd
    ? { '/zstd': ['zstd', zstdCompressSync(plain)] }
    : {}),
};

/** Starts a host that nothing but plain `fetch` is to reach, and returns its URL. */
async function startHost(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const [coding, body] = encoded[request.url ?? ''] ?? ['own', plain];
    response.setHeader('content-encoding', coding).setHeader('x-own', 'kept');
    if (request.headers['x-chunked'] === undefined) {
      response.setHeader('content-length', body.length);
    } else {
      response.write(body.subarray(0, 9));
    }
    response.end(request.headers['x-chunked'] === undefined ? body : body.subarray(9));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // A listening TCP server has such an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Passes on what `fetch` gives, as it is. */
async function startPassing(t: TestContext, codec = 'http1'): Promise<TestProxy> {
  const url = await startHost(t);
  const handler = (request: Request) => {
    const { method, headers } = request;
    const chunked = headers.has('x-chunked') ? { 'x-chunked': '1' } : {};
    return fetch(url + new URL(request.url).pathname, {
      method,
      headers: { connection: 'close', ...chunked },
    });
  };
  return await startMounted(t, handler, { manager: { codec_type: codec } });
}

for (const path of Object.keys(encoded)) {
  test(`what fetch has decoded is passed on as it is then: ${path}`, async (t) => {
    const proxy = await startPassing(t);
    for (const headers of [{}, { 'x-chunked': '1' }]) {
      const response = await proxy.send({ path, headers });
      assert.equal(response.text, plain.toString());
      assert.equal(response.headers['content-encoding'], undefined);
      assert.equal(response.headers['x-own'], 'kept');
    }
    const head = await proxy.send({ path, method: 'HEAD' });
    assert.equal(head.headers['content-encoding'], undefined);
    assert.equal(head.headers['content-length'], undefined);
  });
}

test('what the host says of its connection is not passed on', async (t) => {
  const proxy = await startPassing(t);
  const client = await proxy.connect();
  for (const responses of [1, 2]) {
    client.write('GET /own HTTP/1.1\r\nhost: a\r\nx-chunked: 1\r\n\r\n');
    const isThere = () => client.received.split('HTTP/1.1 200 OK').length > responses;
    await until(isThere, `the connection has brought ${responses} responses`);
  }
  assert.doesNotMatch(client.received, /connection: close|transfer-encoding: chunked, chunked/i);
});

test('what fetch has decoded is passed on by HTTP/2', async (t) => {
  const proxy = await startPassing(t, 'http2');
  const client = Http2Client.connect(proxy);
  const response = await client.send({ headers: { ':path': '/gzip' } });
  assert.equal(response.text, plain.toString());
});

test('a coding that fetch does not know is passed on with its length', async (t) => {
  const proxy = await startPassing(t);
  const response = await proxy.send({ path: '/own' });
  assert.equal(response.text, plain.toString());
  assert.equal(response.headers['content-encoding'], 'own');
  assert.equal(response.headers['content-length'], String(plain.length));
});

test('a coding of the handler’s own is kept', async (t) => {
  const body = brotliCompressSync(plain);
  const proxy = await startMounted(t, (_request: Request) => {
    return new Response(body, { headers: { 'content-encoding': 'br' } });
  });
  const response = await proxy.send();
  assert.equal(response.headers['content-encoding'], 'br');
  assert.ok(brotliDecompressSync(response.body).equals(plain));
});
