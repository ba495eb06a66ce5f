import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SerialQueue } from '../../../lib/base/serial-queue.js';

test('a task begins when the one before it is over, whatever came of that', async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  let fail: (error: Error) => void = () => assert.fail('the first task has not begun');
  const first = queue.run(() => {
    log.push('first');
    return new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
  });
  const second = queue.run(async () => {
    log.push('second');
    return 2;
  });
  await Promise.resolve();
  assert.deepEqual(log, ['first']);
  fail(new Error('no'));
  await assert.rejects(first, /no/);
  assert.equal(await second, 2);
  assert.deepEqual(log, ['first', 'second']);
});
