import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.js';
import { runDetached } from '../../../lib/base/detached.js';
import { SocketConnector } from '../../../lib/upstream/connection/connector.js';

const storage = new AsyncLocalStorage<string>();

test('what is opened calls back in no context, and its opener goes on in its own', async () => {
  const seen: unknown[] = [];
  const done = storage.run('a request', () => {
    const isOpened = runDetached(() => {
      seen.push(storage.getStore());
      return Promise.resolve().then(() => seen.push(storage.getStore()));
    });
    seen.push(storage.getStore());
    return isOpened;
  });
  await done;
  assert.deepEqual(seen, [undefined, 'a request', undefined]);
});

test('returns and throws what the function does', () => {
  assert.equal(
    runDetached(() => 7),
    7,
  );
  const failure = new Error('mine');
  assert.throws(
    () =>
      runDetached(() => {
        throw failure;
      }),
    failure,
  );
});

test('a timer of the clock, which requests share, belongs to none of them', async () => {
  const seen = await new Promise((resolve) => {
    storage.run('a request', () => {
      systemClock.startTimer(1, () => resolve(storage.getStore()));
      // The clock's own timer does not hold the process.
      setTimeout(() => {}, 50);
    });
  });
  assert.equal(seen, undefined);
});

test('neither does a connection to a host', async (t) => {
  const server = createServer((socket) => socket.end('x'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const target = { kind: 'tcp', host: '127.0.0.1', port } as const;
  const seen: unknown[] = [];
  const socket = storage.run('a request', () =>
    new SocketConnector(new Map()).connect(target, undefined, 1024),
  );
  socket.on('connect', () => seen.push(storage.getStore()));
  socket.on('data', () => seen.push(storage.getStore()));
  await once(socket, 'close');
  assert.deepEqual(seen, [undefined, undefined]);
});
