import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultFilterStats } from '../../../../lib/telemetry/stats/fault-filter-stats.js';

function read(stats: FaultFilterStats): Map<string, number> {
  const values = new Map<string, number>();
  stats.visitStats((name, value) => values.set(name, value));
  return values;
}

test('faults are counted in all, and for the callers that name themselves', () => {
  const stats = new FaultFilterStats();
  stats.chargeDelay('');
  stats.chargeDelay('a');
  stats.chargeAbort('a');
  stats.chargeAbort('b');
  assert.deepEqual(Object.fromEntries(read(stats)), {
    delays_injected: 2,
    aborts_injected: 2,
    'a.delays_injected': 1,
    'a.aborts_injected': 1,
    'b.delays_injected': 0,
    'b.aborts_injected': 1,
  });
});

test('after a hundred names only the totals and the known names grow', () => {
  const stats = new FaultFilterStats();
  for (let i = 0; i < 1000; i++) {
    stats.chargeAbort(`caller-${i}`);
  }
  stats.chargeAbort('caller-99');
  const values = read(stats);
  assert.equal(values.size, 2 + 2 * 100);
  assert.equal(values.get('aborts_injected'), 1001);
  assert.equal(values.get('caller-99.aborts_injected'), 2);
  assert.equal(values.has('caller-100.aborts_injected'), false);
});

test('a name of more than 256 characters is in the totals only', () => {
  const stats = new FaultFilterStats();
  stats.chargeDelay('a'.repeat(257));
  stats.chargeDelay('b'.repeat(256));
  const values = read(stats);
  assert.equal(values.size, 2 + 2);
  assert.equal(values.get('delays_injected'), 2);
});

test('a reset sets every counter to 0', () => {
  const stats = new FaultFilterStats();
  stats.chargeDelay('a');
  stats.chargeAbort('a');
  stats.resetCounters();
  assert.deepEqual([...read(stats).values()], [0, 0, 0, 0]);
});
