import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { RequestEncoder } from '../../../../lib/http/stream.js';
import type { FakeSocket } from '../../../support/fake-connector.js';
import { FakeDecoder } from '../../../support/fake-decoder.js';
import { emptyResponse, PoolFixture } from '../../../support/pool-fixture.js';

interface Exchange {
  readonly fixture: PoolFixture;
  readonly decoder: FakeDecoder;
  readonly socket: FakeSocket;
}

/** Sends a request on a new connection. */
function exchange(method = 'GET', onReady?: (encoder: RequestEncoder) => void): Exchange {
  const fixture = new PoolFixture();
  const decoder = new FakeDecoder('/', method);
  if (onReady !== undefined) {
    decoder.onReady = onReady;
  }
  fixture.pool.newStream(decoder, false);
  const socket = fixture.connector.last;
  socket.accept();
  return { fixture, decoder, socket };
}

/** Sends a `POST` with a body, and lets the turn of the event loop end. */
async function post(
  onHead: (encoder: RequestEncoder) => void,
  headers: string[] = [],
): Promise<Exchange> {
  const sent = exchange('POST', (encoder) => {
    encoder.encodeHead({ method: 'POST', path: '/', authority: 'foo.com', headers }, false);
    onHead(encoder);
  });
  await setImmediate();
  return sent;
}

function bodyOf(socket: FakeSocket): string {
  return socket.written.slice(socket.written.indexOf('\r\n\r\n') + 4);
}

describe('the request', () => {
  test('of known length goes as it is', async () => {
    const { fixture, socket } = await post(
      (encoder) => {
        encoder.encodeData(Buffer.from('hel'), false);
        encoder.encodeData(Buffer.from('lo'), true);
      },
      ['content-length', '5'],
    );
    assert.ok(!socket.written.includes('transfer-encoding'));
    assert.equal(bodyOf(socket), 'hello');
    assert.equal(fixture.stats.upstreamCxTxBytesTotal, socket.written.length);
    fixture.closeAndCheck();
  });

  test('of unknown length goes in chunks', async () => {
    const { fixture, socket } = await post((encoder) => {
      encoder.encodeData(Buffer.from('hello'), false);
      encoder.encodeData(Buffer.alloc(0), false);
      encoder.encodeData(Buffer.from('x'.repeat(17)), false);
      encoder.encodeEnd(undefined);
    });
    assert.match(socket.written, /\r\ntransfer-encoding: chunked\r\n/);
    assert.equal(bodyOf(socket), `5\r\nhello\r\n11\r\n${'x'.repeat(17)}\r\n0\r\n\r\n`);
    assert.equal(fixture.stats.upstreamCxTxBytesTotal, socket.written.length);
    fixture.closeAndCheck();
  });

  test('ends with its last chunk, be it empty or not', async () => {
    const full = await post((encoder) => encoder.encodeData(Buffer.from('hello'), true));
    assert.equal(bodyOf(full.socket), '5\r\nhello\r\n0\r\n\r\n');
    const empty = await post((encoder) => encoder.encodeData(Buffer.alloc(0), true));
    assert.equal(bodyOf(empty.socket), '0\r\n\r\n');
  });

  test('has trailers if it goes in chunks', async () => {
    const { socket } = await post((encoder) => encoder.encodeEnd(['x-sum', '1', 'x-b', '2']));
    assert.equal(bodyOf(socket), '0\r\nx-sum: 1\r\nx-b: 2\r\n\r\n');
    const sized = await post(
      (encoder) => encoder.encodeEnd(['x-sum', '1']),
      ['content-length', '0'],
    );
    assert.equal(bodyOf(sized.socket), '');
  });

  test('leaves in one write, with a small body or without one', async () => {
    assert.equal(exchange().socket.writeCount, 1);
    const chunked = await post((encoder) => encoder.encodeData(Buffer.from('hello'), true));
    assert.equal(chunked.socket.writeCount, 1);
    const sized = await post(
      (encoder) => {
        encoder.encodeData(Buffer.from('hel'), false);
        encoder.encodeData(Buffer.from('lo'), true);
      },
      ['content-length', '5'],
    );
    assert.equal(sized.socket.writeCount, 1);
  });

  test('that goes on in chunks takes one write for each', async () => {
    const { decoder, socket } = await post(() => {});
    const before = socket.writeCount;
    decoder.encoder?.encodeData(Buffer.from('hello'), false);
    await setImmediate();
    assert.equal(bodyOf(socket), '5\r\nhello\r\n');
    assert.equal(socket.writeCount, before + 1);
  });

  test('of which the head alone is at hand leaves at the end of the turn', async () => {
    const { socket } = await post(() => {});
    assert.match(socket.written, /^POST \/ HTTP\/1\.1\r\n/);
  });

  test('says when the host reads too slowly, and when it reads again', async () => {
    const { fixture, decoder, socket } = exchange('POST', () => {});
    const { encoder } = decoder;
    assert.ok(encoder !== undefined);
    socket.isStuck = true;
    encoder.encodeHead({ method: 'POST', path: '/', authority: 'a', headers: [] }, false);
    assert.equal(encoder.encodeData(Buffer.alloc(1024), false), true);
    assert.equal(encoder.encodeData(Buffer.alloc(2 * 1024 * 1024), false), false);
    assert.equal(encoder.encodeData(Buffer.alloc(1), false), false);
    await setImmediate();
    assert.equal(fixture.stats.upstreamFlowControlBackedUpTotal, 1);
    assert.ok(!decoder.events.includes('writable'));
    socket.unstick();
    await setImmediate();
    assert.ok(decoder.events.includes('writable'));
    assert.equal(fixture.stats.upstreamFlowControlDrainedTotal, 1);
    fixture.closeAndCheck();
  });

  test('is cut off with its connection when it is aborted', () => {
    const { fixture, decoder, socket } = exchange();
    decoder.encoder?.abort();
    assert.ok(socket.destroyed);
    assert.deepEqual(decoder.events, ['connection'], 'who aborts is not told');
    assert.equal(fixture.stats.upstreamRqTxReset, 1);
    assert.equal(fixture.stats.upstreamCxDestroyLocalWithActiveRq, 1);
    fixture.closeAndCheck();
  });
});

describe('the response', () => {
  test('is handed on as it comes, and its last piece as the last', () => {
    const { fixture, decoder, socket } = exchange();
    socket.answer('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n');
    socket.answer('hello');
    socket.answer('world');
    assert.deepEqual(decoder.events.slice(1), ['head 200', 'data hello', 'data world end']);
    fixture.closeAndCheck();
  });

  test('in chunks ends with its last chunk, or with its trailers', () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    const plain = exchange();
    plain.socket.answer(`${head}5\r\nhello\r\n0\r\n\r\n`);
    assert.deepEqual(plain.decoder.events.slice(1), ['head 200 more', 'data hello end']);
    const split = exchange();
    split.socket.answer(`${head}5\r\nhello\r\n`);
    split.socket.answer('0\r\n\r\n');
    assert.deepEqual(split.decoder.events.slice(1), ['head 200 more', 'data hello', 'end']);
    const trailers = exchange();
    trailers.socket.answer(`${head}5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n`);
    assert.deepEqual(trailers.decoder.events.slice(2), ['data hello', 'end x-sum 1']);
  });

  test('that lasts until the close ends with it, and the host has closed', () => {
    const { fixture, decoder, socket } = exchange();
    socket.answer('HTTP/1.1 200 OK\r\n\r\nhello');
    socket.endByPeer();
    assert.deepEqual(decoder.events.slice(1), ['head 200 more', 'data hello', 'end']);
    assert.equal(fixture.stats.upstreamCxDestroyRemote, 1);
    assert.equal(fixture.stats.upstreamCxDestroyWithActiveRq, 0);
    fixture.closeAndCheck();
  });

  test('that breaks off resets the request', () => {
    for (const breakOff of ['endByPeer', 'resetByPeer'] as const) {
      const { fixture, decoder, socket } = exchange();
      socket.answer('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello');
      socket[breakOff]();
      assert.equal(decoder.last, 'reset connection-termination after a response');
      assert.equal(fixture.stats.upstreamCxDestroyRemoteWithActiveRq, 1);
      fixture.closeAndCheck();
    }
  });

  test('that lasts until the close and is cut by a reset is not complete', () => {
    const { decoder, socket } = exchange();
    socket.answer('HTTP/1.1 200 OK\r\n\r\nhello');
    socket.resetByPeer();
    assert.equal(decoder.last, 'reset connection-termination after a response');
  });

  test('that never begins resets the request and says that nothing came', () => {
    const { decoder, socket } = exchange();
    socket.endByPeer();
    assert.equal(decoder.last, 'reset connection-termination');
  });

  test('of which one byte has come counts as begun', () => {
    const { decoder, socket } = exchange();
    socket.answer('H');
    socket.endByPeer();
    assert.equal(decoder.last, 'reset connection-termination after a response');
  });

  test('that is not HTTP closes the connection', () => {
    const { fixture, decoder, socket } = exchange();
    socket.answer('220 mail.example.com ESMTP\r\n');
    assert.equal(decoder.last, 'reset connection-termination after a response');
    assert.ok(socket.destroyed);
    assert.equal(fixture.stats.upstreamCxProtocolError, 1);
    fixture.closeAndCheck();
  });

  test('that changes the protocol unasked closes the connection', () => {
    const { fixture, decoder, socket } = exchange();
    socket.answer('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
    assert.deepEqual(decoder.events.slice(1), ['reset connection-termination after a response']);
    assert.equal(fixture.stats.upstreamCxProtocolError, 1);
    fixture.closeAndCheck();
  });

  test('may have interim responses ahead, which go no further', () => {
    const { decoder, socket } = exchange();
    socket.answer('HTTP/1.1 100 Continue\r\n\r\n');
    socket.answer(`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${emptyResponse}`);
    assert.deepEqual(decoder.events.slice(1), ['head 200 end']);
  });

  test('followed by more is delivered, and its connection never used again', () => {
    const { fixture, decoder, socket } = exchange();
    socket.answer(`${emptyResponse}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged`);
    assert.deepEqual(decoder.events.slice(1), ['head 200 end']);
    assert.ok(socket.destroyed);
    assert.equal(fixture.stats.upstreamCxProtocolError, 1);
    fixture.closeAndCheck();
  });

  test('that comes before the request is complete closes the connection', async () => {
    const { fixture, decoder, socket } = await post((encoder) => {
      encoder.encodeData(Buffer.from('hel'), false);
    });
    socket.answer(emptyResponse);
    assert.equal(decoder.last, 'head 200 end');
    assert.ok(socket.destroyed);
    fixture.closeAndCheck();
  });

  test('to HEAD has no body, whatever length it names', () => {
    const { fixture, decoder, socket } = exchange('HEAD');
    socket.answer('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n');
    assert.deepEqual(decoder.events.slice(1), ['head 200 end']);
    assert.ok(!socket.destroyed);
    fixture.closeAndCheck();
  });

  test('can be paused, and is not read meanwhile', () => {
    const { fixture, decoder, socket } = exchange();
    const { encoder } = decoder;
    socket.answer('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n');
    encoder?.setResponsePaused(true);
    assert.ok(socket.isPaused());
    encoder?.setResponsePaused(true);
    encoder?.setResponsePaused(false);
    assert.ok(!socket.isPaused());
    assert.equal(fixture.stats.upstreamFlowControlPausedReadingTotal, 1);
    assert.equal(fixture.stats.upstreamFlowControlResumedReadingTotal, 1);
    fixture.closeAndCheck();
  });

  test('that was paused when it ended leaves a connection that reads', () => {
    const { fixture, decoder, socket } = exchange();
    decoder.onEvent = (event) => {
      if (event === 'data hello') {
        decoder.encoder?.setResponsePaused(true);
      }
    };
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    socket.answer(`${head}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`);
    assert.equal(decoder.last, 'data world end');
    assert.ok(!socket.isPaused());
    assert.equal(fixture.stats.upstreamFlowControlResumedReadingTotal, 1);
    fixture.closeAndCheck();
  });

  test('may be aborted at any of its events, and nothing comes behind', () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    for (const at of ['head 200 more', 'data hello', 'data world end']) {
      const { fixture, decoder, socket } = exchange();
      decoder.onEvent = (event) => {
        if (event === at) {
          decoder.encoder?.abort();
        }
      };
      socket.answer(`${head}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`);
      assert.equal(decoder.last, at);
      fixture.closeAndCheck();
    }
  });

  test('does not share its pieces with what is read later', () => {
    const { decoder, socket } = exchange();
    const pieces: Buffer[] = [];
    decoder.decodeData = (chunk) => pieces.push(chunk);
    socket.answer('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello');
    socket.answer('world');
    exchange().socket.answer('x'.repeat(100));
    assert.equal(Buffer.concat(pieces).toString(), 'helloworld');
  });
});
