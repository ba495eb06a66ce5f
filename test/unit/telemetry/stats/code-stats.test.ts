import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodeStats } from '../../../../lib/telemetry/stats/code-stats.js';

function read(stats: CodeStats): Record<string, number> {
  const values: Record<string, number> = {};
  stats.visitStats((name, value) => {
    assert.ok(!(name in values), `${name} is shown once`);
    values[name] = value;
  });
  return values;
}

test('nothing is shown before the first response', () => {
  assert.deepEqual(read(new CodeStats()), {});
});

test('responses are counted by status and by class', () => {
  const stats = new CodeStats();
  for (const status of [200, 200, 204, 301, 404, 503, 200]) {
    stats.charge(status);
  }
  assert.deepEqual(read(stats), {
    upstream_rq_200: 3,
    upstream_rq_204: 1,
    upstream_rq_2xx: 4,
    upstream_rq_301: 1,
    upstream_rq_3xx: 1,
    upstream_rq_404: 1,
    upstream_rq_4xx: 1,
    upstream_rq_503: 1,
    upstream_rq_5xx: 1,
  });
});

test('a status outside the classes is counted by itself only', () => {
  const stats = new CodeStats();
  stats.charge(101);
  stats.charge(999);
  assert.deepEqual(read(stats), { upstream_rq_101: 1, upstream_rq_999: 1 });
});

test('what is no status takes up no memory', () => {
  const stats = new CodeStats();
  for (const status of [0, 99, 1000, -200, 200.5, Number.NaN]) {
    stats.charge(status);
  }
  assert.deepEqual(read(stats), {});
});

test('after a reset the statuses seen before are shown as 0, and counting goes on', () => {
  const stats = new CodeStats();
  stats.charge(200);
  stats.charge(503);
  stats.resetCounters();
  stats.charge(503);
  assert.deepEqual(read(stats), {
    upstream_rq_200: 0,
    upstream_rq_2xx: 0,
    upstream_rq_503: 1,
    upstream_rq_5xx: 1,
  });
});
