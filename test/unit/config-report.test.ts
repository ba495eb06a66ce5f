import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigOptions, explainConfig, validateConfig } from '../../lib/config-report.js';
import { buildConfig, staticCluster } from '../support/config-builder.js';

const config = buildConfig({ clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] });
const request = { url: 'http://app/' };

test('options that could not be heeded are refused', async () => {
  for (const [wrong, message] of [
    [null, /^the options are null, expected an object: \{ unsupported: "warn" \}$/],
    ['warn', /^the options are "warn", expected an object/],
    [{ unsuported: 'warn' }, /^unknown option "unsuported"; .*; did you mean "unsupported"\?$/],
    [{ unsupported: 'ignore' }, /^unsupported is "ignore", expected "error" or "warn"$/],
    [{ httpFilters: 'mine' }, /^httpFilters is "mine", expected an array of the names of filters$/],
    [{ httpFilters: [{}] }, /^httpFilters is an array, expected an array of the names/],
    [{ registrations: {} }, /^registrations is an object, expected true or false$/],
  ] as const) {
    // Wrong on purpose.
    const options = wrong as unknown as ConfigOptions;
    const refusal = { code: 'SIDECAR_OPTION_INVALID', message };
    await assert.rejects(validateConfig(config, options), refusal);
    await assert.rejects(explainConfig(config, request, options), refusal);
  }
});

test('options without a value are left out', async () => {
  const options = { unsupported: undefined, httpFilters: undefined, registrations: undefined };
  // As callers without types do.
  const { problems } = await validateConfig(config, options as unknown as ConfigOptions);
  assert.deepEqual(problems, []);
});
