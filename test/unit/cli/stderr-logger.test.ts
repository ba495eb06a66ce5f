import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.js';
import { createStderrLogger, type LogLevel } from '../../../lib/cli/stderr-logger.js';

/** Returns what a logger of this level writes when it is told one thing of each kind. */
function written(level: LogLevel): string {
  let text = '';
  const io = {
    stdout: () => assert.fail('the log is not the output'),
    stderr: (line: string) => {
      text += line;
    },
  };
  const clock = { ...systemClock, wallNow: () => Date.UTC(2017, 6, 31, 12, 34, 56, 789) };
  const logger = createStderrLogger(level, io, clock);
  logger.debug('d');
  logger.info('i');
  logger.warn('w');
  logger.error('e');
  return text;
}

test('writes the time, the level and the message on one line', () => {
  assert.equal(written('error'), '[2017-07-31T12:34:56.789Z] [error] e\n');
});

test('writes what is at least as grave as the level', () => {
  const levels = (text: string): string[] => text.match(/\w+(?=\] \w\n)/g) ?? [];
  assert.deepEqual(levels(written('trace')), ['debug', 'info', 'warning', 'error']);
  assert.deepEqual(levels(written('debug')), ['debug', 'info', 'warning', 'error']);
  assert.deepEqual(levels(written('info')), ['info', 'warning', 'error']);
  assert.deepEqual(levels(written('warning')), ['warning', 'error']);
  assert.deepEqual(levels(written('critical')), []);
  assert.deepEqual(levels(written('off')), []);
});
