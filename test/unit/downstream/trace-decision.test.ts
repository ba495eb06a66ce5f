import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Runtime } from '../../../lib/base/runtime.js';
import { chargeTraceDecision, decideTrace } from '../../../lib/downstream/trace-decision.js';
import { TracingStats } from '../../../lib/telemetry/stats/tracing-stats.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

const requestId = '0001220a-aaaa-4bbb-8ccc-dddddddddddd';

/** Decides about an id; returns the mark, and what the runtime was asked for. */
function decide(id: string, headers: string[], values: Readonly<Record<string, number>> = {}) {
  const asked: string[] = [];
  const runtime: Runtime = {
    integer: (key, fallback) => {
      asked.push(`${key} ${fallback}`);
      return values[key] ?? fallback;
    },
  };
  const decided = decideTrace(id, headers, runtime, new ScriptedRandom(0));
  return { decided, asked };
}

test('asks the runtime with the defaults of the reference', () => {
  const { asked } = decide(requestId, ['x-client-trace-id', '1'], { 'tracing.client_enabled': 0 });
  assert.deepEqual(asked, [
    'tracing.global_enabled 100',
    'tracing.client_enabled 100',
    'tracing.random_sampling 10000',
  ]);
});

test('asks nothing about an id that tells no draw', () => {
  for (const id of ['', '0001220', 'x001220a-aaaa-4bbb-8ccc-dddddddddddd', ' 001220a']) {
    const { decided, asked } = decide(id, ['x-envoy-force-trace', '1']);
    assert.equal(decided, id);
    assert.deepEqual(asked, []);
  }
});

test('draws the same for the same id, whatever else is in it', () => {
  const values = { 'tracing.random_sampling': 4251 };
  assert.equal(decide(requestId, [], values).decided[14], '9');
  assert.equal(decide(`0001220b${requestId.slice(8)}`, [], values).decided[14], '4');
  assert.equal(decide(`00000000${requestId.slice(8)}`, [], values).decided[14], '9');
  // 4294967295 % 10000 is 7295.
  assert.equal(decide(`ffffffff${requestId.slice(8)}`, [], values).decided[14], '4');
});

test('takes a mark off when tracing is switched off, and leaves the rest', () => {
  const id = requestId.replace('-4bbb', '-abbb');
  assert.equal(decide(id, [], { 'tracing.global_enabled': 0 }).decided, requestId);
});

test('counts by the mark', () => {
  const stats = new TracingStats();
  const traced = ['4', '9', 'a', 'b', 'A', 'c'].map((mark) =>
    chargeTraceDecision(requestId.replace('-4bbb', `-${mark}bbb`), stats),
  );
  assert.deepEqual(traced, [false, true, true, true, false, false]);
  assert.equal(chargeTraceDecision(undefined, stats), false);
  assert.equal(chargeTraceDecision(`${requestId.replace('-4bbb', '-abbb')}0`, stats), false);
  const { randomSampling, serviceForced, clientEnabled, notTraceable, healthCheck } = stats;
  assert.deepEqual(
    [randomSampling, serviceForced, clientEnabled, notTraceable, healthCheck],
    [1, 1, 1, 5, 0],
  );
});
