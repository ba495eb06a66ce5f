import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerState } from '../../../../lib/http/server-state.js';
import { ServerStats } from '../../../../lib/telemetry/stats/server-stats.js';
import { ManualClock } from '../../../support/manual-clock.js';

function read(stats: ServerStats): Map<string, number> {
  const values = new Map<string, number>();
  stats.visitStats((name, value) => values.set(name, value));
  return values;
}

test('shows uptime, memory and whether the server is live', () => {
  const clock = new ManualClock();
  const state = new ServerState(clock);
  const stats = new ServerStats(state);
  clock.advance(61_999);
  const live = read(stats);
  assert.deepEqual(
    [...live.keys()],
    ['days_until_first_cert_expiring', 'live', 'memory_allocated', 'memory_heap_size', 'uptime'],
  );
  assert.equal(live.get('live'), 1);
  assert.equal(live.get('uptime'), 61);
  assert.ok((live.get('memory_heap_size') ?? 0) >= (live.get('memory_allocated') ?? 0));
  state.healthcheckFailed = true;
  assert.equal(read(stats).get('live'), 0);
});

test('a reset changes nothing, for all are gauges', () => {
  const clock = new ManualClock();
  const stats = new ServerStats(new ServerState(clock));
  clock.advance(5000);
  stats.resetCounters();
  assert.equal(read(stats).get('uptime'), 5);
});
