import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSidecar } from '../../../lib/integration/sidecar-source.js';

test('what is no sidecar is refused, with what to give instead', () => {
  for (const [wrong, message] of [
    [undefined, /^it is nothing, expected a sidecar$/],
    ['./envoy.json', /^it is "\.\/envoy\.json", expected a sidecar$/],
    [Promise.resolve({}), /expected a sidecar; await it first$/],
    [{ sidecar: {} }, /expected a sidecar; give the sidecar itself$/],
    [
      { config: './envoy.json' },
      /expected a sidecar; give what createSidecar\(\) resolves with for these options$/,
    ],
  ] as const) {
    assert.throws(() => checkSidecar(wrong, 'it'), { code: 'SIDECAR_OPTION_INVALID', message });
  }
});
