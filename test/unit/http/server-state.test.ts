import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerState } from '../../../lib/http/server-state.js';
import { ManualClock } from '../../support/manual-clock.js';

test('is live until its health check fails or it drains', () => {
  const state = new ServerState(new ManualClock());
  assert.equal(state.isLive, true);
  state.healthcheckFailed = true;
  assert.equal(state.isLive, false);
  state.healthcheckFailed = false;
  assert.equal(state.isLive, true);
  state.isDraining = true;
  assert.equal(state.isLive, false);
});

test('knows when it started, and counts whole seconds since', () => {
  const clock = new ManualClock(1_000_000);
  clock.advance(500);
  const state = new ServerState(clock);
  assert.equal(state.startWallMs, 1_000_500);
  assert.equal(state.uptimeSeconds(), 0);
  clock.advance(1999);
  assert.equal(state.uptimeSeconds(), 1);
});
