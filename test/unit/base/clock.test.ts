import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.js';

/** Both ends of a connection. */
async function openPair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  const accepted = once(server, 'connection');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await accepted) as [Socket];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

/** Lets nothing else have a turn until the timers of the clock that are shorter are due. */
function beBusy(durationMs: number): void {
  const end = systemClock.now() + durationMs;
  while (systemClock.now() < end) {
    // Busy.
  }
}

test('what has come while the process was busy is heard before a timer', async (t) => {
  const [near, far] = await openPair(t);
  const heard: string[] = [];
  near.on('data', () => heard.push('data'));
  // Behind this, timers have their turn next, and sockets after them.
  await new Promise((resolve) => setImmediate(resolve));
  const isDue = new Promise<void>((resolve) => {
    systemClock.startTimer(1, () => {
      heard.push('timer');
      resolve();
    });
  });
  far.write('x');
  beBusy(20);
  await isDue;
  assert.deepEqual(heard, ['data', 'timer']);
});

test('a timer that is due can still be canceled by what is heard before it', async (t) => {
  const [near, far] = await openPair(t);
  await new Promise((resolve) => setImmediate(resolve));
  let isCalled = false;
  const timer = systemClock.startTimer(1, () => {
    isCalled = true;
  });
  near.on('data', () => timer.cancel());
  const heard = once(near, 'data');
  far.write('x');
  beBusy(20);
  await heard;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isCalled, false);
});
