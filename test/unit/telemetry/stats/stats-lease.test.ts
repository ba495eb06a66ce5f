import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LuaFilterStats } from '../../../../lib/telemetry/stats/lua-filter-stats.js';
import { StatsLease } from '../../../../lib/telemetry/stats/stats-lease.js';
import { StatsStore } from '../../../../lib/telemetry/stats/stats-store.js';

function errorsIn(store: StatsStore): number | undefined {
  return store.list().find(({ name }) => name === 'a.errors')?.value;
}

test('who takes the place of another counts on where it stopped', () => {
  const store = new StatsStore();
  const old = new StatsLease(store);
  old.share('a', LuaFilterStats).errors++;
  const next = new StatsLease(store);
  const stats = next.share('a', LuaFilterStats);
  old.release();
  stats.errors++;
  assert.equal(errorsIn(store), 2);
});

test('what nobody holds leaves the store, and begins anew', () => {
  const store = new StatsStore();
  const lease = new StatsLease(store);
  lease.share('a', LuaFilterStats).errors++;
  lease.share('a', LuaFilterStats).errors++;
  lease.release();
  lease.release();
  assert.equal(errorsIn(store), undefined);
  lease.share('a', LuaFilterStats);
  assert.equal(errorsIn(store), 0);
});

test('what is registered goes with the lease as well', () => {
  const store = new StatsStore();
  const lease = new StatsLease(store);
  lease.register('a', new LuaFilterStats());
  assert.equal(errorsIn(store), 0);
  lease.release();
  assert.equal(errorsIn(store), undefined);
});
