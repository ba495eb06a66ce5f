import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderList } from '../../../../lib/http/headers.js';
import type { RequestHead } from '../../../../lib/http/message.js';
import { encodeHeaders, flag, frameType } from '../../../support/frame-client.js';
import { Http2PoolFixture, untilEvent } from '../../../support/http2-pool-fixture.js';
import { until } from '../../../support/until.js';

/** Numbers of RFC 9113, 6.5.2 and 7. */
const maxConcurrentStreams = 3;
const cancel = 8;

const initialWindowBytes = 65_535;

function head(method: string, headers: HeaderList = []): RequestHead {
  return { method, path: '/', authority: 'foo.com', headers };
}

/** So many fields, and so many bytes of them, as a request of a client may have at most. */
function manyFields(valueBytes: number): HeaderList {
  return Array.from({ length: 1900 }, (_, i) => [
    `x-${String(i).padStart(4, '0')}`,
    'v'.repeat(valueBytes),
  ]).flat();
}

test('a response before all of its request has left ends that by a reset', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [maxConcurrentStreams]: 1 } });
  const upload = fixture.request('/', (encoder) => {
    encoder.encodeHead(head('POST'), false);
    encoder.encodeData(Buffer.alloc(2 * initialWindowBytes), true);
  });
  const peer = await fixture.connection();
  await until(() => {
    const bytes = peer.received(frameType.data, 1).map(({ payload }) => payload.length);
    return bytes.reduce((sum, length) => sum + length, 0) === initialWindowBytes;
  }, 'the window is used up');
  peer.respond(1, true);
  await untilEvent(upload, 'head 200 end');
  assert.equal((await peer.until(frameType.rstStream, 1)).payload[3], cancel);
  const next = fixture.request();
  await peer.until(frameType.headers, 3);
  peer.respond(3, true);
  await untilEvent(next, 'head 200 end');
});

test('a request that has left is not reset, whatever it had', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const requests = [1, 2, 3].map((count) =>
    fixture.request('/', (encoder) => {
      encoder.encodeHead(head('POST'), false);
      encoder.encodeData(Buffer.alloc(10_000), count === 1);
      if (count === 2) {
        encoder.encodeEnd(undefined);
      } else if (count === 3) {
        encoder.encodeEnd(['checksum', '1']);
      }
    }),
  );
  const peer = await fixture.connection();
  for (const [i, request] of requests.entries()) {
    const streamId = 2 * i + 1;
    await until(
      () =>
        peer.frames.some(
          (frame) => frame.streamId === streamId && (frame.flags & flag.endStream) !== 0,
        ),
      'it is complete',
    );
    peer.respond(streamId, true);
    await untilEvent(request, 'head 200 end');
  }
  assert.equal(fixture.stats.upstreamRqTxReset, 0);
});

test('a response without a body that never ends makes room for the next', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [maxConcurrentStreams]: 1 } });
  const first = fixture.request('/', (encoder) => encoder.encodeHead(head('HEAD'), true));
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, false);
  await untilEvent(first, 'head 200 end');
  assert.equal((await peer.until(frameType.rstStream, 1)).payload[3], cancel);
  fixture.request();
  await peer.until(frameType.headers, 3);
});

test('a request that is given up at the very end of its response is counted once', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request();
  request.onEvent = (event) => {
    if (event === 'data hello end') {
      request.encoder?.abort();
    }
  };
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, false);
  peer.data(1, 'hello', true);
  await untilEvent(request, 'data hello end');
});

test('a host that is removed is left when the last who waits for room gives up', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [maxConcurrentStreams]: 0 } });
  const request = fixture.request();
  const peer = await fixture.connection();
  // Both acknowledge, and then it is known that there is no room.
  await until(() => peer.received(frameType.settings).length === 2, 'it has been told');
  fixture.pool.drain();
  fixture.pool.cancel(request);
  await peer.untilClosed();
});

test('a head of many small fields is sent', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request('/', (encoder) =>
    encoder.encodeHead(head('GET', manyFields(20)), true),
  );
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, true);
  await untilEvent(request, 'head 200 end');
});

test('trailers that cannot be sent do not make the request one that was not', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  fixture.request();
  const request = fixture.request('/', (encoder) => {
    encoder.encodeHead(head('POST'), false);
    encoder.encodeData(Buffer.from('pay'), false);
    encoder.encodeEnd(manyFields(200));
  });
  const peer = await fixture.connection();
  await peer.until(frameType.data, 3);
  await untilEvent(request, 'reset remote-reset');
});

test('a head that cannot be sent leaves the next requests a connection', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const long = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  const tooLarge = fixture.request('/', (encoder) =>
    encoder.encodeHead(head('GET', manyFields(200)), true),
  );
  await untilEvent(tooLarge, 'reset refused-stream');
  // This one meets the session at its end, and would be sent once more.
  await untilEvent(fixture.request(), 'reset refused-stream');
  const next = fixture.request();
  const other = await fixture.connection(1);
  await other.until(frameType.headers, 1);
  other.respond(1, true);
  await untilEvent(next, 'head 200 end');
  peer.respond(1, true);
  await untilEvent(long, 'head 200 end');
  await peer.untilClosed();
});

test('a response with a status below 100 is a reset', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  for (const [i, status] of ['000', '099'].entries()) {
    const streamId = 2 * i + 1;
    const request = fixture.request();
    const peer = await fixture.connection();
    await peer.until(frameType.headers, streamId);
    const flags = flag.endHeaders | flag.endStream;
    peer.send(frameType.headers, flags, streamId, encodeHeaders([[':status', status]]));
    await untilEvent(request, 'reset remote-reset');
  }
});
