import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { FrameClient, frameType } from '../support/frame-client.js';
import { Http2Client, readResponse } from '../support/http2-client.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const kibibyte = 1024;

/** Numbers of RFC 9113, 6.5.2. */
const headerTableSize = 1;
const maxConcurrentStreams = 3;
const initialWindowSize = 4;

/** What the first SETTINGS frame of a proxy says, and by how much it opens the connection. */
async function readSettings(
  proxy: TestProxy,
): Promise<{ settings: ReadonlyMap<number, number>; opened: number }> {
  const client = await FrameClient.connect(proxy);
  const { payload } = await client.until(frameType.settings);
  const { payload: update } = await client.until(frameType.windowUpdate, 0);
  const settings = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6) {
    settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  }
  return { settings, opened: update.readUInt32BE(0) };
}

async function connected(client: Http2Client): Promise<ClientHttp2Session> {
  await once(client.session, 'remoteSettings');
  return client.session;
}

test('http2_settings: what is said by default', async (t) => {
  const { settings, opened } = await readSettings(await TestProxy.start(t));
  assert.equal(settings.get(headerTableSize) ?? 4096, 4096);
  assert.equal(settings.get(maxConcurrentStreams), 1024);
  assert.equal(settings.get(initialWindowSize), 16 * kibibyte * kibibyte);
  assert.equal(opened + 65_535, 24 * kibibyte * kibibyte);
});

test('http2_settings: what is configured is said', async (t) => {
  const proxy = await TestProxy.start(t, {
    manager: {
      http2_settings: {
        hpack_table_size: 1000,
        max_concurrent_streams: 7,
        initial_stream_window_size: 70_000,
        initial_connection_window_size: 90_000,
      },
    },
  });
  const { settings, opened } = await readSettings(proxy);
  assert.equal(settings.get(headerTableSize), 1000);
  assert.equal(settings.get(maxConcurrentStreams), 7);
  assert.equal(settings.get(initialWindowSize), 70_000);
  assert.equal(opened + 65_535, 90_000);
});

test('hpack_table_size: 0 turns dynamic compression off', async (t) => {
  for (const [size, isSmaller] of [
    [0, false],
    [4096, true],
  ] as const) {
    const proxy = await TestProxy.start(t, {
      manager: { http2_settings: { hpack_table_size: size }, server_name: 'x'.repeat(200) },
    });
    const client = await FrameClient.connect(proxy);
    client.request(1);
    const first = await client.until(frameType.headers, 1);
    client.request(3);
    const second = await client.until(frameType.headers, 3);
    assert.equal(second.payload.length < first.payload.length - 100, isSmaller, String(size));
  }
});

test('max_concurrent_streams: one more is refused, and may come again', async (t) => {
  const waiting: ServerResponse[] = [];
  const upstream = await FakeUpstream.start((_request, response) => waiting.push(response));
  const proxy = await TestProxy.start(t, {
    upstream,
    manager: { http2_settings: { max_concurrent_streams: 2 } },
  });
  const client = await FrameClient.connect(proxy);
  await client.until(frameType.settings);
  for (const streamId of [1, 3, 5]) {
    client.request(streamId);
  }
  const refusal = await client.until(frameType.rstStream, 5);
  assert.equal(refusal.payload.readUInt32BE(0), 7, 'REFUSED_STREAM');
  await until(() => waiting.length === 2, 'the others are at the host');
  waiting[0]?.end();
  waiting[1]?.end();
  await client.until(frameType.headers, 3);
  client.request(7);
  await until(() => waiting.length === 3, 'the next one is at the host');
  waiting[2]?.end();
});

test('initial_stream_window_size: so much of a request waits for a slow host', async (t) => {
  const requests: IncomingMessage[] = [];
  const upstream = await FakeUpstream.start((request, response) => {
    requests.push(request);
    request.on('end', () => response.end('done'));
  });
  const proxy = await TestProxy.start(t, {
    upstream,
    // The smallest buffers in between, so that it is the window that counts.
    manager: {
      http2_settings: {
        initial_stream_window_size: 100 * kibibyte,
        initial_connection_window_size: 65_535,
      },
    },
  });
  const client = Http2Client.connect(proxy);
  await connected(client);
  const size = 64 * kibibyte * kibibyte;
  const stream = client.begin({ ':method': 'POST' });
  const response = readResponse(stream);
  let isSent = false;
  stream.end(Buffer.alloc(size), () => {
    isSent = true;
  });
  await proxy.untilStat('downstream_flow_control_paused_reading_total', 1);
  // The host does not read; what the kernel keeps between the two is a few megabytes.
  let turns = 50;
  while (turns-- > 0) {
    await proxy.stat('downstream_rq_active');
  }
  assert.equal(isSent, false);
  requests[0]?.resume();
  assert.equal((await response).text, 'done');
  assert.ok(isSent);
});

test('initial_connection_window_size: all that waits on a connection together', async (t) => {
  const requests: IncomingMessage[] = [];
  const upstream = await FakeUpstream.start((request, response) => {
    requests.push(request);
    request.on('end', () => response.end('done'));
  });
  const connectionWindow = 200 * kibibyte;
  const proxy = await TestProxy.start(t, {
    upstream,
    manager: {
      http2_settings: {
        initial_stream_window_size: 64 * kibibyte * kibibyte,
        initial_connection_window_size: connectionWindow,
      },
    },
  });
  // The client of `node:http2` has a limit of its own on what it keeps.
  const client = Http2Client.connect(proxy, { maxSessionMemory: 1000 });
  await connected(client);
  const size = 16 * kibibyte * kibibyte;
  const responses = Array.from({ length: 4 }, () => {
    const stream = client.begin({ ':method': 'POST' });
    stream.end(Buffer.alloc(size));
    return readResponse(stream);
  });
  await until(() => requests.length === 4, 'the requests are at the host');
  let before = -1;
  let received = 0;
  for (let same = 0; same < 20; same = received === before ? same + 1 : 0) {
    before = received;
    await proxy.stat('downstream_rq_active');
    // All that the client has got rid of: what is with the host, in kernels, and waits with us.
    received = client.session.socket.bytesWritten;
  }
  assert.ok(received < 4 * size - size, `${received} bytes have been taken`);
  for (const request of requests) {
    request.resume();
  }
  for (const response of await Promise.all(responses)) {
    assert.equal(response.text, 'done');
  }
});

test('initial_stream_window_size: so much of a body is kept for another try', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    request.resume();
    request.on('end', () => {
      response.statusCode = upstream.requests.length === 1 ? 503 : 200;
      response.end();
    });
  });
  const proxy = await TestProxy.start(t, {
    upstream,
    config: { listener: { per_connection_buffer_limit_bytes: 10 } },
    manager: { http2_settings: { initial_stream_window_size: 70_000 } },
    route: { retry_policy: { retry_on: '5xx' } },
    // There is no wait before the first retry then.
    environment: { random: { fraction: () => 0, uint32: () => 0, uuid: () => 'id' } },
  });
  const client = Http2Client.connect(proxy);
  assert.equal((await client.send({ body: Buffer.alloc(60_000) })).status, 200);
  assert.equal(upstream.requests.length, 2);
});

test('initial_connection_window_size: of many requests each has its share kept', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.url !== '/held') {
        response.statusCode = 503;
        response.end();
      }
    });
  });
  const settings = { initial_stream_window_size: 70_000, initial_connection_window_size: 70_000 };
  const proxy = await TestProxy.start(t, {
    upstream,
    config: { listener: { per_connection_buffer_limit_bytes: 20_000 } },
    manager: { http2_settings: settings },
    route: { retry_policy: { retry_on: '5xx' } },
    environment: { random: { fraction: () => 0, uint32: () => 0, uuid: () => 'id' } },
  });
  const client = Http2Client.connect(proxy);
  const attemptsFor = async (bytes: number): Promise<number> => {
    const before = upstream.requests.length;
    assert.equal((await client.send({ body: Buffer.alloc(bytes) })).status, 503);
    return upstream.requests.length - before;
  };
  assert.equal(await attemptsFor(60_000), 2);
  for (let held = 1; held <= 3; held++) {
    client.send({ headers: { ':path': '/held' } }).catch(() => {});
    await until(() => upstream.requests.length === held + 2, 'the host has it');
  }
  assert.equal(await attemptsFor(60_000), 1);
  // As much as HTTP/1 may, in any case.
  assert.equal(await attemptsFor(19_000), 2);
});
