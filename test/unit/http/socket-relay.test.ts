import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SocketRelay, socketForSession } from '../../../lib/http/socket-relay.js';

/** A socket whose peer is the test. */
class PeerlessSocket extends Duplex {
  readonly written: string[] = [];
  hasEnded = false;
  /** Calls back the latest write. */
  onWritten: (error?: Error) => void = () => {};

  override _read(): void {
    // What there is to read is pushed by the test.
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error) => void,
  ): void {
    this.written.push(chunk.toString());
    this.onWritten = callback;
  }

  override _final(callback: () => void): void {
    this.hasEnded = true;
    callback();
  }
}

function relayed(): { socket: PeerlessSocket; relay: SocketRelay } {
  const socket = new PeerlessSocket();
  return { socket, relay: new SocketRelay(socket) };
}

test('a write is over when that of the socket is, and what waits is written at once', async () => {
  const { socket, relay } = relayed();
  const over: string[] = [];
  for (const word of ['one', 'two', 'three']) {
    relay.write(word, () => over.push(word));
  }
  await setImmediate();
  assert.deepEqual([socket.written, over], [['one'], []]);
  socket.onWritten();
  await setImmediate();
  assert.deepEqual([socket.written, over], [['one', 'twothree'], ['one']]);
  socket.onWritten();
  await setImmediate();
  assert.deepEqual(over, ['one', 'two', 'three']);
});

test('the end is written behind all else', async () => {
  const { socket, relay } = relayed();
  relay.end('last');
  await setImmediate();
  assert.equal(socket.hasEnded, false);
  socket.onWritten();
  await once(relay, 'finish');
  assert.equal(socket.hasEnded, true);
});

test('what nobody reads stays in the socket, and the end comes behind it', async () => {
  const { socket, relay } = relayed();
  relay.read(0);
  socket.push('one');
  await setImmediate();
  assert.equal(socket.isPaused(), true);
  socket.push('two');
  socket.push(null);
  await setImmediate();
  assert.equal(socket.readableLength, 3);
  let text = '';
  for await (const chunk of relay) {
    text += String(chunk);
  }
  assert.equal(text, 'onetwo');
});

test('a write that fails fails here', async () => {
  const { socket, relay } = relayed();
  relay.on('error', () => {});
  const failure = new Promise((resolve) => relay.write('one', resolve));
  await setImmediate();
  socket.onWritten(new Error('reset'));
  assert.equal((await failure) instanceof Error, true);
});

test('an error of the socket is one here', async () => {
  const { socket, relay } = relayed();
  socket.destroy(new Error('reset'));
  const [error] = await once(relay, 'error');
  assert.equal(error.message, 'reset');
});

test('who destroys one destroys the other', async () => {
  const first = relayed();
  first.socket.destroy();
  await once(first.relay, 'close');
  const second = relayed();
  second.relay.destroy();
  assert.equal(second.socket.destroyed, true);
});

test('only TLS before Node.js 26 needs any of this', () => {
  const socket = new PeerlessSocket();
  const major = Number.parseInt(process.versions.node, 10);
  assert.equal(socketForSession(socket, false), socket);
  assert.equal(socketForSession(socket, true) === socket, major >= 26);
});
