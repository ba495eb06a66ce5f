import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RedisHealthCheck } from '../../../../lib/upstream/health-check/redis-health-check.js';
import { assertVerdict, times, verdictOn } from '../../../support/health-verdicts.js';

function redis(redisKey?: string): RedisHealthCheck {
  return new RedisHealthCheck({ ...times, type: 'redis', redisKey });
}

describe('an answer by Redis', () => {
  test('is judged by its first line', () => {
    assertVerdict(redis(), '+PONG\r\n', 'success reusable');
    assertVerdict(redis('key'), ':0\r\n', 'success reusable');
    for (const line of ['+PING', '-ERR no', ':0', ':-1']) {
      assertVerdict(redis(), `${line}\r\n`, 'active reusable');
    }
    for (const line of [':1', ':00', '+0', '-ERR']) {
      assertVerdict(redis('key'), `${line}\r\n`, 'active reusable');
    }
    for (const line of ['$4', '$-1', '*1']) {
      assertVerdict(redis(), `${line}\r\n`, 'active');
    }
    assertVerdict(redis(), '+PONG', 'open');
    assertVerdict(redis(), '+PONG\r', 'open');
  });

  test('that is none is as good as no answer', () => {
    for (const answer of [
      'PONG\r\n',
      '\r\n',
      ':x\r\n',
      '$\r\n',
      '+PONG\n',
      '+PO\rNG\r\n',
      '+\r\r\n',
    ]) {
      assertVerdict(redis(), answer, 'network');
    }
  });

  test('is not read for ever', () => {
    const long = 'x'.repeat(64 * 1024);
    assert.equal(verdictOn(redis(), `-${long.slice(3)}\r\n`, 1000), 'active reusable');
    assert.equal(verdictOn(redis(), `-${long}`, 1000), 'network');
  });
});

test('a key of Redis goes with its length in bytes', () => {
  assert.equal(redis('größe').question.toString('utf8'), '*2\r\n$6\r\nEXISTS\r\n$7\r\ngröße\r\n');
  assert.equal(redis().question.toString('utf8'), '*1\r\n$4\r\nPING\r\n');
});
