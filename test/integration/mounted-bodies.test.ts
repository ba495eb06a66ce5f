import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { Http2Client } from '../support/http2-client.js';
import { startMounted } from '../support/mounted-proxy.js';

/** A request that a body parser has been at. */
type ParsedRequest = IncomingMessage & { body?: unknown };

/**
 * Reads a body as the customary parsers do: there is one only if the headers say so, and the
 * application behind gets it in a property, with the stream at its end.
 */
function parseBody(request: ParsedRequest, next: () => void): void {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
  if (coding === undefined && length === undefined) {
    next();
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    request.body = JSON.parse(String(Buffer.concat(chunks)));
    next();
  });
}

function application(request: ParsedRequest, response: ServerResponse): void {
  parseBody(request, () => response.end(JSON.stringify({ parsed: request.body })));
}

const body = JSON.stringify({ name: 'value' });
const parsed = JSON.stringify({ parsed: { name: 'value' } });

for (const [framing, headers] of [
  ['chunks', { 'transfer-encoding': 'chunked' }],
  ['a length', { 'content-length': String(body.length) }],
] as const) {
  test(`a body parser in the application finds a body with ${framing}`, async (t) => {
    const proxy = await startMounted(t, application);
    const response = await proxy.send({ method: 'POST', headers, body });
    assert.equal(response.text, parsed);
    assert.equal((await proxy.send()).text, '{}');
  });
}

test('a body parser in the application finds a body behind a filter that reads it', async (t) => {
  const config = { max_request_bytes: 999, max_request_time_s: 9 };
  const buffer = { type: 'decoder', name: 'buffer', config };
  const filters = [buffer, { type: 'decoder', name: 'router', config: {} }];
  const proxy = await startMounted(t, application, { manager: { filters } });
  assert.equal((await proxy.send({ method: 'POST', body })).text, parsed);
  assert.equal((await proxy.send()).text, '{}');
});

test('a body parser in the application finds a body that came by HTTP/2', async (t) => {
  const proxy = await startMounted(t, application, { manager: { codec_type: 'http2' } });
  const client = Http2Client.connect(proxy);
  assert.equal((await client.send({ body })).text, parsed);
  assert.equal((await client.send()).text, '{}');
});

test('a body parser in the application finds the body of its own call', async (t) => {
  const proxy = await startMounted(t, application);
  const response = await proxy.sidecar.request('http://app/', { method: 'POST', body });
  assert.equal(await response.body.text(), parsed);
});

test('a server that listens by itself may be mounted too, and serves both', async (t) => {
  const server = createServer(application);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const proxy = await startMounted(t, server);
  assert.equal((await proxy.send({ method: 'POST', body })).text, parsed);
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const direct = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  assert.equal(await direct.text(), parsed);
  await proxy.close();
  assert.ok(server.listening);
});
