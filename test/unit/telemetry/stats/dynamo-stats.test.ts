import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamoStats } from '../../../../lib/telemetry/stats/dynamo-stats.js';

function shown(stats: DynamoStats): Map<string, number> {
  const values = new Map<string, number>();
  stats.visitStats((name, value) => values.set(name, value));
  return values;
}

test('names that clients make up do not grow without bound', () => {
  const stats = new DynamoStats();
  stats.chargeTable('x'.repeat(257), 200);
  stats.chargeError('x'.repeat(1000), 'ValidationException');
  for (let i = 0; i < 2000; i++) {
    stats.chargeOperation(`O${i}`, 200);
    stats.chargeTable(`t${i}`, 200);
    stats.chargeError(`t${i}`, 'ValidationException');
    stats.chargeCapacity(`t${i}`, 'GetItem', '1234567', 2);
  }
  const names = [...shown(stats).keys()];
  const count = (pattern: RegExp) => names.filter((name) => pattern.test(name)).length;
  assert.equal(count(/^operation\.\w+\.upstream_rq_total$/), 100);
  assert.equal(count(/^table\.\w+\.upstream_rq_total$/), 500);
  assert.equal(count(/^error\./), 1000);
  assert.equal(count(/\.capacity\./), 1000);
});

test('a reset sets all of it to 0', () => {
  const stats = new DynamoStats();
  stats.multipleTables++;
  stats.chargeOperation('GetItem', 200);
  stats.chargeTable('a', 400);
  stats.chargeError('a', 'ValidationException');
  stats.chargeCapacity('a', 'GetItem', '1234567', 2);
  assert.equal([...shown(stats).values()].filter((value) => value > 0).length, 9);
  stats.resetCounters();
  assert.deepEqual(
    [...shown(stats).values()].filter((value) => value > 0),
    [],
  );
});
