import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrpcStats } from '../../../../lib/telemetry/stats/grpc-stats.js';

function shown(stats: GrpcStats): Record<string, number> {
  const values: Record<string, number> = {};
  stats.visitStats((name, value) => {
    values[name] = value;
  });
  return values;
}

test('calls are counted by method and result', () => {
  const stats = new GrpcStats();
  stats.charge('a.B/C', true);
  stats.charge('a.B/C', false);
  assert.deepEqual(shown(stats), { 'a.B.C.failure': 1, 'a.B.C.success': 1, 'a.B.C.total': 2 });
  stats.resetCounters();
  assert.deepEqual(shown(stats), { 'a.B.C.failure': 0, 'a.B.C.success': 0, 'a.B.C.total': 0 });
});

test('the first 500 methods are counted, and none with a name that is too long', () => {
  const stats = new GrpcStats();
  stats.charge(`a/${'b'.repeat(255)}`, true);
  for (let i = 0; i < 600; i++) {
    stats.charge(`a/m${i}`, true);
  }
  stats.charge('a/m0', true);
  const values = shown(stats);
  assert.equal(Object.keys(values).length, 500 * 3);
  assert.deepEqual([values['a.m0.total'], values['a.m499.total']], [2, 1]);
});

test('a name has no characters that could begin another line', () => {
  const stats = new GrpcStats();
  stats.charge('a/b\n c\u00e9', true);
  assert.deepEqual(Object.keys(shown(stats)), [
    'a.b__c_.failure',
    'a.b__c_.success',
    'a.b__c_.total',
  ]);
});
