import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterStats } from '../../../../lib/telemetry/stats/cluster-stats.js';

function zonesOf(stats: ClusterStats): Map<string, number> {
  const found = new Map<string, number>();
  stats.visitStats((name, value) => {
    if (name.includes('zone.')) {
      found.set(name, value);
    }
  });
  return found;
}

test('responses are counted by the zones that they go from and to, if both are known', () => {
  const stats = new ClusterStats();
  stats.chargeResponse(200, true, false, 'a', 'b');
  stats.chargeResponse(200, true, false, 'a', 'b');
  stats.chargeResponse(503, true, false, 'a', 'a');
  stats.chargeResponse(200, true, false, 'a', '');
  stats.chargeResponse(200, true, false, '', 'b');
  stats.chargeResponse(200, true, false);
  const expected = [
    ['zone.a.b.upstream_rq_200', 2],
    ['zone.a.b.upstream_rq_2xx', 2],
    ['zone.a.a.upstream_rq_503', 1],
    ['zone.a.a.upstream_rq_5xx', 1],
  ];
  assert.deepEqual([...zonesOf(stats)], expected);
  stats.resetCounters();
  assert.deepEqual([...zonesOf(stats).values()], [0, 0, 0, 0]);
});

test('so are those that are counted a second time under a name of their own', () => {
  const stats = new ClusterStats();
  stats.chargeAltResponse('mine', 200, true, false, 'a', 'b');
  assert.equal(zonesOf(stats).get('mine.zone.a.b.upstream_rq_200'), 1);
});

test('a name cannot break the line that it stands in, and there are no more than 100', () => {
  const stats = new ClusterStats();
  for (let i = 0; i < 300; i++) {
    stats.chargeResponse(200, true, false, 'eu 1', `zone\n${i}`);
  }
  const found = zonesOf(stats);
  assert.equal(found.size, 200);
  assert.equal(found.get('zone.eu_1.zone_0.upstream_rq_200'), 1);
});
