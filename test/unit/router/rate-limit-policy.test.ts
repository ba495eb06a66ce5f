import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RateLimitConfig } from '../../../lib/config/rate-limit-config.js';
import type { RateLimitContext } from '../../../lib/http/rate-limit.js';
import { createRateLimitPolicy } from '../../../lib/router/rate-limit-policy.js';
import { asBytes, createRuntime, routedRequest } from '../../support/route-fixture.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

const request = { ...routedRequest(), clientAddress: '203.0.113.7' };

function generic(descriptorValue: string, parts: Partial<RateLimitConfig> = {}): RateLimitConfig {
  const actions = [{ type: 'generic_key', descriptorValue }] as const;
  return { stage: 0, disableKey: undefined, actions, ...parts };
}

function contextWith(values: Record<string, number> = {}, ...draws: number[]): RateLimitContext {
  return {
    cluster: 'app',
    serviceCluster: 'edge',
    runtime: createRuntime(values),
    random: new ScriptedRandom(...draws),
  };
}

test('without limits there is no policy', () => {
  assert.equal(createRateLimitPolicy([], false, []), undefined);
  assert.equal(createRateLimitPolicy([], true), undefined);
});

test('a policy has the stages of its limits', () => {
  const policy = createRateLimitPolicy([generic('a', { stage: 3 })], false, [generic('b')]);
  assert.equal(policy?.hasStage(3), true);
  assert.equal(policy?.hasStage(0), false);
});

test('a client without an address leaves no descriptor with its address', () => {
  const actions = [{ type: 'remote_address' }] as const;
  const policy = createRateLimitPolicy([generic('', { actions })], false);
  const unknown = { ...request, clientAddress: '' };
  assert.deepEqual(policy?.populateDescriptors(unknown, 0, contextWith()), []);
  assert.deepEqual(policy?.populateDescriptors(request, 0, contextWith()), [
    [{ key: 'remote_address', value: '203.0.113.7' }],
  ]);
});

test('texts of the configuration become bytes', () => {
  const actions = [{ type: 'source_cluster' }, { type: 'destination_cluster' }] as const;
  const policy = createRateLimitPolicy([generic('', { actions }), generic('für')], false);
  const context = { ...contextWith(), cluster: 'ä', serviceCluster: 'ö' };
  assert.deepEqual(policy?.populateDescriptors(request, 0, context), [
    [
      { key: 'source_cluster', value: asBytes('ö') },
      { key: 'destination_cluster', value: asBytes('ä') },
    ],
    [{ key: 'generic_key', value: asBytes('für') }],
  ]);
});

describe('disable_key', () => {
  const policy = createRateLimitPolicy([generic('a', { disableKey: 'bulk' })], false);
  const key = 'ratelimit.bulk.http_filter_enabled';
  const cases: readonly [values: Record<string, number>, draw: number, isOn: boolean][] = [
    [{}, 99, true],
    [{ [key]: 100 }, 99, true],
    [{ [key]: 0 }, 0, false],
    [{ [key]: 30 }, 1029, true],
    [{ [key]: 30 }, 1030, false],
    [{ [key]: 1000 }, 99, true],
  ];
  for (const [values, draw, isOn] of cases) {
    test(`a share of ${values[key] ?? 'nothing'}, and ${draw} drawn: ${isOn}`, () => {
      const context = contextWith(values, draw);
      assert.equal(policy?.populateDescriptors(request, 0, context).length === 1, isOn);
    });
  }

  test('that is empty turns nothing off', () => {
    const always = createRateLimitPolicy([generic('a', { disableKey: '' })], false);
    const context = contextWith({ 'ratelimit..http_filter_enabled': 0 });
    assert.equal(always?.populateDescriptors(request, 0, context).length, 1);
  });
});
