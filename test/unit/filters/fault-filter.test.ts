import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TimerWheel } from '../../../lib/base/timer-wheel.js';
import type { FaultFilterConfig } from '../../../lib/config/http-filter-config.js';
import { createFaultFilterFactory } from '../../../lib/filters/fault-filter.js';
import type { FilterContext } from '../../../lib/filters/filter-context.js';
import type { FilterCallbacks } from '../../../lib/http/filter.js';
import { StatsLease } from '../../../lib/telemetry/stats/stats-lease.js';
import { StatsStore } from '../../../lib/telemetry/stats/stats-store.js';
import { ManualClock } from '../../support/manual-clock.js';
import { createRuntime, routedRequest } from '../../support/route-fixture.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

const nothing: FaultFilterConfig = {
  abort: undefined,
  delay: undefined,
  upstreamCluster: undefined,
  headers: [],
  downstreamNodes: [],
};
const withAbort: FaultFilterConfig = { ...nothing, abort: { percent: 100, httpStatus: 503 } };
const withDelay: FaultFilterConfig = { ...nothing, delay: { percent: 100, durationMs: 1000 } };

/** What a test of the runtime says. */
interface Case {
  readonly config: FaultFilterConfig;
  readonly values: Readonly<Record<string, number>>;
  /** Empty for a caller that does not name its cluster. */
  readonly caller?: string;
  readonly draws?: readonly number[];
}

/** Sends one request; returns how long it was held, and then its status, or that it went on. */
function run({ config, values, caller = '', draws = [] }: Case): string {
  const clock = new ManualClock();
  // The filter reads no other parts.
  const context = {
    statsLease: new StatsLease(new StatsStore()),
    scope: 'http.test',
    clock,
    wheel: new TimerWheel(clock),
    random: new ScriptedRandom(...draws),
    runtime: createRuntime(values),
  } as Partial<FilterContext> as FilterContext;
  const headers = caller === '' ? [] : ['x-envoy-downstream-service-cluster', caller];
  const request = routedRequest({ headers });
  let result = '';
  // The filter calls no others.
  const callbacks = {
    ...request,
    setResponseFlag: () => {},
    continueDecoding: () => {
      result = 'goes on';
    },
    sendLocalReply: (status: number) => {
      result = String(status);
    },
  } as Partial<FilterCallbacks> as FilterCallbacks;
  const filter = createFaultFilterFactory(config, context)(callbacks);
  if (filter.decodeHead?.(request.requestHead, true) === 'continue') {
    return 'goes on';
  }
  let heldMs = 0;
  while (result === '' && heldMs < 10_000) {
    clock.advance(100);
    heldMs += 100;
  }
  filter.onDestroy?.();
  return heldMs === 0 ? result : `${heldMs} ms, ${result}`;
}

describe('the runtime', () => {
  test('abort.abort_percent replaces the configured share', () => {
    const values = { 'fault.http.abort.abort_percent': 10 };
    assert.equal(run({ config: withAbort, values, draws: [10] }), 'goes on');
    assert.equal(run({ config: withAbort, values, draws: [9] }), '503');
  });

  test('abort.http_status replaces the configured status', () => {
    const values = { 'fault.http.abort.http_status': 429 };
    assert.equal(run({ config: withAbort, values }), '429');
  });

  test('delay.fixed_delay_percent replaces the configured share', () => {
    const values = { 'fault.http.delay.fixed_delay_percent': 10 };
    assert.equal(run({ config: withDelay, values, draws: [10] }), 'goes on');
    assert.equal(run({ config: withDelay, values, draws: [9] }), '1000 ms, goes on');
  });

  test('delay.fixed_duration_ms replaces the configured time', () => {
    const values = { 'fault.http.delay.fixed_duration_ms': 300 };
    assert.equal(run({ config: withDelay, values }), '300 ms, goes on');
  });

  test('a time of 0 is no delay', () => {
    const values = { 'fault.http.delay.fixed_duration_ms': 0 };
    assert.equal(run({ config: withDelay, values }), 'goes on');
  });

  test('brings a fault that is not configured', () => {
    const abort = { 'fault.http.abort.abort_percent': 100, 'fault.http.abort.http_status': 404 };
    assert.equal(run({ config: withDelay, values: abort }), '1000 ms, 404');
    const delay = {
      'fault.http.delay.fixed_delay_percent': 100,
      'fault.http.delay.fixed_duration_ms': 200,
    };
    assert.equal(run({ config: withAbort, values: delay }), '200 ms, 503');
  });

  for (const status of [undefined, 0, 99, 199, 600, 1000]) {
    test(`an abort with the status ${status} is one with 500`, () => {
      const values = {
        'fault.http.abort.abort_percent': 100,
        ...(status === undefined ? {} : { 'fault.http.abort.http_status': status }),
      };
      assert.equal(run({ config: nothing, values }), '500');
    });
  }

  test('a share below 0 is none, and one above 100 is all', () => {
    const key = 'fault.http.abort.abort_percent';
    assert.equal(run({ config: withAbort, values: { [key]: -1 }, draws: [0] }), 'goes on');
    assert.equal(run({ config: withAbort, values: { [key]: 1000 }, draws: [99] }), '503');
  });
});

describe('the runtime for a caller that names its cluster', () => {
  test('a share of its own is drawn for beside the general one', () => {
    const values = {
      'fault.http.abort.abort_percent': 10,
      'fault.http.orders.abort.abort_percent': 50,
    };
    const result = (caller: string, ...draws: number[]): string =>
      run({ config: withAbort, values, caller, draws });
    assert.equal(result('orders', 10, 49), '503');
    assert.equal(result('orders', 10, 50), 'goes on');
    assert.equal(result('orders', 9, 99), '503');
    assert.equal(result('carts', 10, 49), '503', 'the configured share, which is all');
    assert.equal(result('', 10, 49), 'goes on');
  });

  test('a share of 0 of its own does not take the general one away', () => {
    const values = { 'fault.http.orders.abort.abort_percent': 0 };
    assert.equal(run({ config: withAbort, values, caller: 'orders' }), '503');
  });

  test('a share of its own delays too', () => {
    const values = {
      'fault.http.delay.fixed_delay_percent': 0,
      'fault.http.orders.delay.fixed_delay_percent': 100,
    };
    assert.equal(run({ config: withDelay, values, caller: 'orders' }), '1000 ms, goes on');
    assert.equal(run({ config: withDelay, values }), 'goes on');
  });

  test('a status and a time of its own override the general ones', () => {
    const values = {
      'fault.http.abort.http_status': 429,
      'fault.http.orders.abort.http_status': 404,
      'fault.http.delay.fixed_duration_ms': 300,
      'fault.http.orders.delay.fixed_duration_ms': 200,
    };
    const config = { ...withAbort, delay: { percent: 100, durationMs: 1000 } };
    assert.equal(run({ config, values, caller: 'orders' }), '200 ms, 404');
    assert.equal(run({ config, values, caller: 'carts' }), '300 ms, 429');
  });

  test('a name in UTF-8 is looked up as text', () => {
    const values = { 'fault.http.köln.abort.http_status': 404 };
    const caller = Buffer.from('köln').toString('latin1');
    assert.equal(run({ config: withAbort, values, caller }), '404');
  });
});
