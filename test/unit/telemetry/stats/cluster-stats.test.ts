import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterStats } from '../../../../lib/telemetry/stats/cluster-stats.js';

function readCodes(stats: ClusterStats): string[] {
  const lines: string[] = [];
  stats.visitStats((name, value) => {
    if (/upstream_rq_\dxx$/.test(name)) {
      lines.push(`${name}: ${value}`);
    }
  });
  return lines.sort();
}

test('a response counts in total and by where the request came from', () => {
  const stats = new ClusterStats();
  stats.chargeResponse(200, true, false);
  stats.chargeResponse(200, false, false);
  stats.chargeResponse(503, false, false);
  assert.deepEqual(readCodes(stats), [
    'external.upstream_rq_2xx: 1',
    'external.upstream_rq_5xx: 1',
    'internal.upstream_rq_2xx: 1',
    'upstream_rq_2xx: 2',
    'upstream_rq_5xx: 1',
  ]);
});

test('a response of a canary counts once more', () => {
  const stats = new ClusterStats();
  stats.chargeResponse(200, true, true);
  assert.deepEqual(readCodes(stats), [
    'canary.upstream_rq_2xx: 1',
    'internal.upstream_rq_2xx: 1',
    'upstream_rq_2xx: 1',
  ]);
});

test('a response thrown away for a retry counts nowhere else', () => {
  const stats = new ClusterStats();
  stats.chargeRetriedResponse(503);
  assert.deepEqual(readCodes(stats), ['retry.upstream_rq_5xx: 1']);
});

test('resetting reaches the counters by status', () => {
  const stats = new ClusterStats();
  stats.chargeResponse(200, true, true);
  stats.chargeResponse(200, false, false);
  stats.chargeRetriedResponse(503);
  stats.resetCounters();
  assert.deepEqual(readCodes(stats), [
    'canary.upstream_rq_2xx: 0',
    'external.upstream_rq_2xx: 0',
    'internal.upstream_rq_2xx: 0',
    'retry.upstream_rq_5xx: 0',
    'upstream_rq_2xx: 0',
  ]);
});
