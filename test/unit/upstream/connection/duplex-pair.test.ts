import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createDuplexPair } from '../../../../lib/upstream/connection/duplex-pair.js';

test('what is written at one end is read at the other, both ways', async () => {
  const [near, far] = createDuplexPair();
  near.write('ping');
  assert.equal(String((await once(far, 'data'))[0]), 'ping');
  far.write('pong');
  assert.equal(String((await once(near, 'data'))[0]), 'pong');
});

test('a writer waits for a reader that does not read', async () => {
  const [near, far] = createDuplexPair();
  const piece = Buffer.alloc(64 * 1024);
  let written = 0;
  const write = (): void => {
    written += piece.length;
    near.write(piece, () => {
      if (written < 100 * piece.length) {
        write();
      }
    });
  };
  write();
  await setImmediate();
  await setImmediate();
  assert.ok(written <= 3 * piece.length, `${written} bytes are waiting`);
  let read = 0;
  far.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  while (read < 100 * piece.length) {
    await setImmediate();
  }
  assert.equal(written, read);
});

test('an end is heard behind what was written before', async () => {
  const [near, far] = createDuplexPair();
  far.end('last words');
  const chunks: Buffer[] = [];
  for await (const chunk of near) {
    chunks.push(chunk);
  }
  assert.equal(Buffer.concat(chunks).toString(), 'last words');
});

test('one end that is destroyed takes the other with it, and no call comes back at once', async () => {
  const [near, far] = createDuplexPair();
  let isClosed = false;
  far.on('close', () => {
    isClosed = true;
  });
  near.destroy();
  assert.ok(!isClosed && !far.destroyed);
  await setImmediate();
  assert.ok(isClosed && far.destroyed);
});

test('the other end hears why', async () => {
  const [near, far] = createDuplexPair();
  const reason = new Error('failed');
  far.on('error', () => {});
  far.destroy(reason);
  assert.equal((await once(near, 'error'))[0], reason);
});

test('writing to an end whose other is gone does no harm', async () => {
  const [near, far] = createDuplexPair();
  far.destroy();
  near.write('to nobody');
  await setImmediate();
  assert.ok(near.destroyed);
});

test('says as a socket that nothing has come or gone for a while', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const socket = asSocket(createDuplexPair()[0]);
  let count = 0;
  const onTimeout = (): void => {
    count++;
  };
  socket.setTimeout(100, onTimeout);
  t.mock.timers.tick(99);
  assert.equal(count, 0);
  t.mock.timers.tick(1);
  assert.equal(count, 1);
  socket.setTimeout(100, onTimeout);
  socket.setTimeout(0, onTimeout);
  t.mock.timers.tick(1000);
  assert.equal(count, 1);
  socket.setTimeout(100, onTimeout);
  socket.destroy();
  t.mock.timers.tick(1000);
  assert.equal(count, 1);
});

test('ends softly as a socket: what is not yet read stays', async () => {
  const [near, far] = createDuplexPair();
  far.write('last words');
  asSocket(far).destroySoon();
  await setImmediate();
  assert.equal(String(near.read()), 'last words');
  near.resume();
  await once(far, 'close');
});

test('keeps what is not yet read when both ends have said that they end', async () => {
  const [near, far] = createDuplexPair();
  far.resume();
  near.end();
  await once(far, 'end');
  far.end('last words');
  await once(far, 'close');
  await setImmediate();
  assert.equal(near.destroyed, false);
  assert.equal(String(near.read()), 'last words');
  near.resume();
  await once(near, 'close');
});

test('has an address as a socket', () => {
  const socket = asSocket(createDuplexPair()[0]);
  assert.deepEqual(socket.address(), { address: '127.0.0.1', family: 'IPv4', port: 0 });
});

/** What applications take it for. */
function asSocket(stream: Duplex): Socket {
  return stream as Socket;
}
