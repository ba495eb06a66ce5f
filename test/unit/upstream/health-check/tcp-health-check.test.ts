import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TcpHealthCheck } from '../../../../lib/upstream/health-check/tcp-health-check.js';
import { assertVerdict, times } from '../../../support/health-verdicts.js';

function tcp(...receive: readonly string[]): TcpHealthCheck {
  const blocks = receive.map((text) => Buffer.from(text, 'latin1').toString('hex'));
  return new TcpHealthCheck({ ...times, type: 'tcp', send: ['00ff'], receive: blocks });
}

describe('an answer by TCP', () => {
  test('has the bytes in their order, with gaps, and no byte twice', () => {
    assertVerdict(tcp('abc'), 'ababc', 'success reusable');
    assertVerdict(tcp('ab', 'bc'), 'abc', 'open');
    assertVerdict(tcp('ab', 'bc'), 'ab-abc', 'success reusable');
    assertVerdict(tcp('aab'), 'aaaab', 'success reusable');
    assertVerdict(tcp('x', 'long-block', 'y'), 'y.x..long-long-block.y', 'success reusable');
    assertVerdict(tcp('two', 'one'), 'one two', 'open');
    assertVerdict(tcp('\0\xff', '', '\xff'), '\0\xff\xff', 'success reusable');
  });

  test('takes longer blocks after shorter ones across pieces', () => {
    assertVerdict(tcp('a', 'bcdefg', 'h'), '--a--bcdef-bcdefgh', 'success reusable');
  });
});

test('a question by TCP is all that is to be sent; none if nothing is awaited', () => {
  assert.deepEqual(tcp('x').question, Buffer.from([0, 255]));
  assert.equal(tcp().question, undefined);
});
