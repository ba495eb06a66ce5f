import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { heldBytes } from '../support/held-bytes.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const mebibyte = 1024 * 1024;
const bodyBytes = 96 * mebibyte;
/**
 * What may be on its way while somebody does not read: two connections, each with a send and a
 * receive buffer in the kernel that grow to some MiB, and little more in this process.
 */
const maxInFlightBytes = 40 * mebibyte;
const block = Buffer.alloc(64 * 1024, 'x');

/** Writes `bytes` as fast as the stream takes them. */
async function writeAll(stream: Socket | ServerResponse, bytes: number): Promise<void> {
  for (let left = bytes; left > 0 && !stream.destroyed; left -= block.length) {
    if (!stream.write(block)) {
      await once(stream, 'drain');
    }
  }
}

/** Resolves when a number has not changed for many turns of the event loop. */
async function untilStill(read: () => number): Promise<number> {
  let last = -1;
  let quietTurns = 0;
  await until(() => {
    const now = read();
    quietTurns = now === last ? quietTurns + 1 : 0;
    last = now;
    return now > 0 && quietTurns > 2000;
  }, 'nothing moves any more');
  return last;
}

test('pauses the host while a client does not read, and loses nothing', async (t) => {
  let sender: Socket | undefined;
  const upstream = await RawUpstream.start((socket) => {
    socket.once('data', () => {
      sender = socket;
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bodyBytes}\r\n\r\n`);
      void writeAll(socket, bodyBytes);
    });
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => sender !== undefined, 'the host answers');
  const sent = await untilStill(() => (sender?.bytesWritten ?? 0) - (sender?.writableLength ?? 0));
  assert.ok(sent < maxInFlightBytes, `the host has sent ${sent} bytes to nobody`);
  await until(() => heldBytes() < maxInFlightBytes, 'little is held in this process');
  const name = 'cluster.app.upstream_flow_control_paused_reading_total';
  assert.notEqual((await proxy.stats()).get(name), 0);
  let received = 0;
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  client.socket.resume();
  await until(() => received >= bodyBytes, 'the client has the whole body');
  assert.notEqual(
    (await proxy.stats()).get('cluster.app.upstream_flow_control_resumed_reading_total'),
    0,
  );
});

test('pauses the client while a host does not read, and loses nothing', async (t) => {
  let receiver: Socket | undefined;
  const upstream = await RawUpstream.start((socket) => {
    receiver = socket;
    socket.pause();
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${bodyBytes}\r\n\r\n`);
  const written = writeAll(client.socket, bodyBytes);
  await until(() => receiver !== undefined, 'the host is connected');
  const sent = await untilStill(() => client.socket.bytesWritten - client.socket.writableLength);
  assert.ok(sent < maxInFlightBytes, `the client has sent ${sent} bytes to nobody`);
  await until(() => heldBytes() < maxInFlightBytes, 'little is held in this process');
  assert.notEqual(await proxy.stat('downstream_flow_control_paused_reading_total'), 0);
  let received = 0;
  receiver?.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  receiver?.resume();
  await written;
  await until(() => received >= bodyBytes, 'the host has the whole body');
  assert.equal(
    await proxy.stat('downstream_flow_control_resumed_reading_total'),
    await proxy.stat('downstream_flow_control_paused_reading_total'),
  );
});

test('does not let a chunked upload run ahead of the host either', async (t) => {
  let receiver: Socket | undefined;
  const upstream = await RawUpstream.start((socket) => {
    receiver = socket;
    socket.pause();
  });
  const proxy = await TestProxy.start(t, { upstream });
  const outgoing = httpRequest({ port: proxy.port, method: 'POST', agent: false });
  outgoing.on('error', () => {});
  outgoing.flushHeaders();
  let written = 0;
  await until(() => receiver !== undefined, 'the host is connected');
  await until(() => {
    while (written < bodyBytes && outgoing.write(block)) {
      written += block.length;
    }
    return outgoing.writableLength > mebibyte || written >= bodyBytes;
  }, 'the client has to wait');
  assert.ok(written < maxInFlightBytes, `the client has sent ${written} bytes to nobody`);
  // Nobody reads from the client, so that only the end of the host ends the request.
  receiver?.destroy();
  await proxy.untilStat('downstream_rq_active', 0);
  outgoing.destroy();
});

for (const [framing, headers] of [
  ['of known length', { 'content-length': String(8 * mebibyte) }],
  ['in chunks', {}],
] as const) {
  test(`carries a body ${framing} both ways unchanged`, async (t) => {
    const upstream = await FakeUpstream.start((request, response) => {
      response.writeHead(200, headers);
      request.pipe(response);
    });
    const proxy = await TestProxy.start(t, { upstream });
    const body = randomBytes(8 * mebibyte);
    const outgoing = httpRequest({ port: proxy.port, method: 'POST', headers, agent: false });
    const answered = once(outgoing, 'response');
    const sent = pipeline(Readable.from(piecesOf(body)), outgoing);
    const [response] = await answered;
    const hash = createHash('sha256');
    for await (const chunk of response) {
      hash.update(chunk);
    }
    await sent;
    assert.equal(hash.digest('hex'), createHash('sha256').update(body).digest('hex'));
    assert.equal(await proxy.stat('downstream_rq_2xx'), 1);
  });
}

/** Cuts a body into pieces of many sizes, none of them empty. */
function* piecesOf(body: Buffer): Generator<Buffer> {
  let size = 1;
  for (let at = 0; at < body.length; at += size) {
    size = (size * 7) % 70_001;
    yield body.subarray(at, at + size);
  }
}

test('hands on the head of a response before there is a body', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await client.until('\r\n\r\n'), /text\/event-stream/);
});

test('hands on each piece of a response as it comes', async (t) => {
  let response: ServerResponse | undefined;
  const upstream = await FakeUpstream.start((_request, fresh) => {
    response = fresh;
    fresh.writeHead(200);
    fresh.flushHeaders();
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('\r\n\r\n');
  for (const event of ['data: one\n\n', 'data: two\n\n', 'data: three\n\n']) {
    response?.write(event);
    await client.until(event);
  }
});

test('hands on the head of a request before there is a body', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => response.end('early bird'));
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
  await until(() => upstream.requests.length === 1, 'the host has the head');
});

test('hands on each piece of a request as it comes', async (t) => {
  let received = '';
  const upstream = await FakeUpstream.start((request) => {
    request.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
  for (const piece of ['one', 'two', 'three']) {
    client.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    await until(() => received.endsWith(piece), `the host has ${piece}`);
  }
});
