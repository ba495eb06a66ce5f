import assert from 'node:assert/strict';
import type { ServerHttp2Session } from 'node:http2';
import { test } from 'node:test';
import { ReceiveWindow } from '../../../lib/http/receive-window.js';

/** Records what a window asks of its session. */
class FakeSession {
  readonly sizes: number[] = [];
  readonly state = { effectiveRecvDataLength: 0 };
  destroyed = false;

  setLocalWindowSize(size: number): void {
    this.sizes.push(size);
  }
}

function create(size: number): { session: FakeSession; window: ReceiveWindow } {
  const session = new FakeSession();
  // It has all that a window asks for.
  const window = new ReceiveWindow(session as unknown as ServerHttp2Session, size);
  return { session, window };
}

test('is as large as it is told, less what is kept', () => {
  const { session, window } = create(100);
  window.keep(30);
  window.keep(50);
  window.release(80);
  assert.deepEqual(session.sizes, [100, 70, 20, 100]);
});

test('is never less than nothing', () => {
  const { session, window } = create(100);
  window.keep(130);
  window.release(20);
  assert.deepEqual(session.sizes, [100, 0, 0]);
});

test('gives back what the session owes, before anything more comes', () => {
  const { session, window } = create(100);
  window.keep(100);
  session.state.effectiveRecvDataLength = 60;
  window.release(100);
  assert.deepEqual(session.sizes, [100, 0, 100, 160]);
});

test('leaves a session alone that is gone, or when nothing changes', () => {
  const { session, window } = create(100);
  window.keep(0);
  window.release(0);
  session.destroyed = true;
  window.keep(10);
  window.release(10);
  assert.deepEqual(session.sizes, [100]);
});
