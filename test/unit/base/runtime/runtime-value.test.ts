import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRuntimeValue } from '../../../../lib/base/runtime/runtime-value.js';

for (const [written, number] of [
  ['0', 0],
  ['50', 50],
  ['50\n', 50],
  [' \t50 \r\n\n', 50],
  ['\n50', 50],
  ['0050', 50],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
] as const) {
  test(`${JSON.stringify(written)} is the number ${number}`, () => {
    assert.equal(parseRuntimeValue(written).number, number);
  });
}

const noNumbers = ['', '\n', 'on', '50%', '5 0', '10\n20', '-1', '+1', '1.5', '1e3', '0x10', '٣'];
for (const written of [...noNumbers, '9007199254740992', '9'.repeat(400), 'NaN', 'Infinity']) {
  test(`${JSON.stringify(written.slice(0, 20))} is no number`, () => {
    assert.equal(parseRuntimeValue(written).number, undefined);
  });
}

test('the text is kept without blanks and newlines at its end', () => {
  assert.equal(parseRuntimeValue(' two words \r\n\n').text, ' two words');
});
