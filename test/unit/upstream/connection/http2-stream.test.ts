import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestHead } from '../../../../lib/http/message.js';
import type { RequestEncoder } from '../../../../lib/http/stream.js';
import type { FakeDecoder } from '../../../support/fake-decoder.js';
import { type encodeFrame, encodeHeaders, flag, frameType } from '../../../support/frame-client.js';
import { uint32 } from '../../../support/frame-host.js';
import { Http2PoolFixture, untilEvent } from '../../../support/http2-pool-fixture.js';
import { until } from '../../../support/until.js';

/** Numbers of RFC 9113, 6.5.2 and 7. */
const initialWindowSize = 4;
const cancel = 8;
const endStream = 1;

const smallestWindow = 65_535;

function post(path = '/'): RequestHead {
  return { method: 'POST', path, authority: 'foo.com', headers: [] };
}

/** Begins a request whose body the test goes on with. */
async function begin(
  fixture: Http2PoolFixture,
): Promise<{ request: FakeDecoder; encoder: RequestEncoder }> {
  const request = fixture.request('/', (encoder) => encoder.encodeHead(post(), false));
  await until(() => request.encoder !== undefined, 'it is connected');
  assert.ok(request.encoder);
  return { request, encoder: request.encoder };
}

test('a request with a small body leaves in one write, but for its very end', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  fixture.request('/', (encoder) => {
    encoder.encodeHead(post(), false);
    encoder.encodeData(Buffer.from('hello'), true);
  });
  const peer = await fixture.connection();
  let writes = 0;
  peer.socket.on('data', () => writes++);
  await until(() => peer.received(frameType.data, 1).length === 2, 'it is complete');
  // The settings that are agreed to may come by themselves before.
  assert.ok(writes <= 3, String(writes));
  const [body, end] = peer.received(frameType.data, 1);
  assert.equal(String(body?.payload), 'hello');
  assert.equal(end?.flags, endStream);
});

test('trailers go both ways', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request('/', (encoder) => {
    encoder.encodeHead(post(), false);
    encoder.encodeData(Buffer.from('hello'), false);
    encoder.encodeEnd(['x-sum', '1', 'transfer-encoding', 'chunked', 'no token', '2']);
  });
  const peer = await fixture.connection();
  await until(() => peer.received(frameType.headers, 1).length === 2, 'trailers have come');
  const [, trailers] = peer.received(frameType.headers, 1);
  assert.equal(trailers?.flags, 5);
  // 0x40: a field that is remembered, 0x86 and so on: lengths with a code of Huffman.
  assert.ok((trailers?.payload.length ?? 99) < 12, 'there is one field');
  peer.respond(1, false);
  peer.data(1, 'abc');
  peer.send(frameType.headers, 5, 1, encodeHeaders([['grpc-status', '0']]));
  await untilEvent(request, 'end grpc-status 0');
});

test('a response of trailers alone, and one that ends by an empty frame', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 3);
  peer.respond(1, true, [['grpc-status', '5']]);
  await untilEvent(first, 'head 200 end');
  peer.respond(3, false);
  peer.data(3, '', true);
  await until(() => /end$/.test(second.last ?? ''), 'it is complete');
});

test('what has no body is complete with its head, whatever comes behind', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const head = fixture.request('/1', (encoder) => {
    encoder.encodeHead({ ...post(), method: 'HEAD' }, true);
  });
  const others = ['204', '304'].map((path) => fixture.request(path));
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 5);
  peer.respond(1, false, [['content-length', '5']]);
  peer.send(frameType.headers, 4, 3, encodeHeaders([[':status', '204']]));
  peer.send(frameType.headers, 4, 5, encodeHeaders([[':status', '304']]));
  await untilEvent(head, 'head 200 end');
  await untilEvent(others[0] as FakeDecoder, 'head 204 end');
  await untilEvent(others[1] as FakeDecoder, 'head 304 end');
  for (const streamId of [1, 3, 5]) {
    peer.data(streamId, '', true);
  }
  const next = fixture.request('/next');
  await peer.until(frameType.headers, 7);
  peer.respond(7, true);
  await untilEvent(next, 'head 200 end');
});

test('informational responses are passed over, and 101 there is none', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 3);
  for (const status of ['100', '103']) {
    peer.send(frameType.headers, 4, 1, encodeHeaders([[':status', status]]));
  }
  peer.respond(1, true);
  await untilEvent(first, 'head 200 end');
  assert.deepEqual(first.events, ['connection', 'head 200 end']);
  peer.send(frameType.headers, 4, 3, encodeHeaders([[':status', '101']]));
  await untilEvent(second, 'reset remote-reset');
});

test('a request that is given up is reset, and the connection goes on', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const { request, encoder } = await begin(fixture);
  encoder.encodeData(Buffer.from('half of it'), false);
  const peer = await fixture.connection();
  await peer.until(frameType.data, 1);
  encoder.abort();
  encoder.abort();
  const reset = await peer.until(frameType.rstStream, 1);
  assert.equal(reset.payload.readUInt32BE(0), cancel);
  // It must not look complete.
  assert.ok(peer.received(frameType.data, 1).every(({ flags }) => flags === 0));
  assert.equal(fixture.stats.upstreamRqTxReset, 1);
  const next = fixture.request('/next');
  await peer.until(frameType.headers, 3);
  peer.respond(3, true);
  await untilEvent(next, 'head 200 end');
  assert.deepEqual(request.events, ['connection']);
});

test('a request that is given up in the middle of what is read is reset', async (t) => {
  for (const event of ['head 200 more', 'data abc']) {
    const fixture = await Http2PoolFixture.start(t);
    const { request, encoder } = await begin(fixture);
    encoder.encodeData(Buffer.alloc(200_000), false);
    const peer = await fixture.connection();
    await peer.until(frameType.data, 1);
    request.onEvent = (noted) => {
      if (noted === event) {
        encoder.abort();
      }
    };
    const frames: Parameters<typeof encodeFrame>[] = [
      [frameType.headers, 4, 1, Buffer.from([0x88])],
      [frameType.data, 0, 1, 'abc'],
      [frameType.data, 0, 1, 'def'],
    ];
    peer.sendAll(...frames);
    await peer.until(frameType.rstStream, 1);
    assert.ok(peer.received(frameType.data, 1).every(({ flags }) => flags === 0));
  }
});

test('a response that is complete before its request ends that by a reset', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const { request, encoder } = await begin(fixture);
  encoder.encodeData(Buffer.alloc(200_000), false);
  const peer = await fixture.connection();
  await peer.until(frameType.data, 1);
  peer.respond(1, false);
  peer.data(1, 'no', true);
  await untilEvent(request, 'data no end');
  const reset = await peer.until(frameType.rstStream, 1);
  assert.equal(reset.payload.readUInt32BE(0), cancel);
  assert.ok(peer.received(frameType.data, 1).every(({ flags }) => flags === 0));
  // Whoever sends does not know yet.
  assert.equal(encoder.encodeData(Buffer.from('more'), true), true);
  encoder.encodeEnd(undefined);
});

test('a host that takes nothing pauses the sender, until it takes some', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [initialWindowSize]: 10 } });
  const { request, encoder } = await begin(fixture);
  let sent = 0;
  while (encoder.encodeData(Buffer.alloc(8192, 'x'), false)) {
    sent++;
  }
  assert.ok(sent < 10, `${sent} pieces were taken`);
  const peer = await fixture.connection();
  await peer.until(frameType.data, 1);
  assert.equal(peer.received(frameType.data, 1)[0]?.payload.length, 10);
  assert.equal(fixture.stats.upstreamFlowControlBackedUpTotal, 1);
  peer.send(frameType.windowUpdate, 0, 1, uint32(1_000_000));
  peer.send(frameType.windowUpdate, 0, 0, uint32(1_000_000));
  await untilEvent(request, 'writable');
  assert.equal(fixture.stats.upstreamFlowControlDrainedTotal, 1);
  encoder.encodeEnd(undefined);
  await until(
    () => peer.received(frameType.data, 1).at(-1)?.flags === endStream,
    'the request is complete',
  );
});

test('a response that is read too slowly waits at the host', async (t) => {
  const fixture = await Http2PoolFixture.start(t, {
    settings: { initialStreamWindowSize: 100_000, initialConnectionWindowSize: 150_000 },
  });
  const request = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, false);
  await untilEvent(request, 'head 200');
  const opened = (streamId: number): number =>
    peer
      .received(frameType.windowUpdate, streamId)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  const before = opened(0);
  assert.equal(before, 150_000 - smallestWindow);
  // The settings hold when they are agreed to.
  peer.send(frameType.settings, flag.ack, 0);
  request.encoder?.setResponsePaused(true);
  for (let i = 0; i < 10; i++) {
    peer.data(1, Buffer.alloc(9_000));
  }
  peer.send(frameType.ping, 0, 0, Buffer.alloc(8));
  await peer.until(frameType.ping);
  // Its own buffer, which is small, may have taken some.
  assert.ok(opened(1) <= smallestWindow, `the stream has been opened by ${opened(1)}`);
  assert.equal(opened(0), before, 'the connection stays as it is');
  assert.deepEqual(request.events, ['connection', 'head 200']);
  request.encoder?.setResponsePaused(false);
  await until(() => opened(1) >= 45_000 && opened(0) > before, 'both are opened again');
  const { upstreamFlowControlPausedReadingTotal: paused } = fixture.stats;
  assert.equal(paused, 1);
  assert.equal(fixture.stats.upstreamFlowControlResumedReadingTotal, 1);
  peer.data(1, 'end', true);
  await untilEvent(request, 'data end end');
});

test('a complete response that waits to be read outlives its connection', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, false);
  await untilEvent(request, 'head 200');
  request.encoder?.setResponsePaused(true);
  peer.data(1, 'a');
  peer.data(1, 'b');
  peer.data(1, 'c');
  peer.send(frameType.headers, 5, 1, encodeHeaders([['x', 'y']]));
  peer.goaway(1);
  peer.socket.end();
  await until(() => fixture.stats.upstreamCxActive === 0, 'the connection is gone');
  assert.deepEqual(request.events, ['connection', 'head 200']);
  request.encoder?.setResponsePaused(false);
  await untilEvent(request, 'end x y');
  assert.ok(!request.events.some((event) => event.startsWith('reset')));
});

test('one that is not complete does not', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, false);
  await untilEvent(request, 'head 200');
  request.encoder?.setResponsePaused(true);
  peer.data(1, 'a');
  peer.socket.end();
  await untilEvent(request, 'reset connection-termination after a response');
});
