import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAuthority } from '../../../../lib/telemetry/tracing/authority.js';

for (const [authority, address, port] of [
  ['shop.example', 'shop.example', undefined],
  ['shop.example:8080', 'shop.example', 8080],
  ['[::1]:81', '::1', 81],
  ['shop.example:', 'shop.example:', undefined],
  ['', '', undefined],
] as const) {
  test(`${authority || 'an empty host'} is taken apart, each time alike`, () => {
    for (let i = 0; i < 2; i++) {
      const read = readAuthority(authority);
      assert.deepEqual([read.address, read.port], [address, port]);
      assert.equal(read.egressName, `egress ${authority}`);
    }
  });
}

test('a host in UTF-8 is shown as text', () => {
  const { text, address, egressName } = readAuthority('\u00c3\u00a9.example:1');
  assert.deepEqual(
    [text, address, egressName],
    ['\u00e9.example:1', '\u00e9.example', 'egress \u00e9.example:1'],
  );
});

test('hosts that are made up are not remembered without end', () => {
  for (let i = 0; i < 1000; i++) {
    assert.equal(readAuthority(`host-${i}:${i}`).port, i);
  }
  assert.equal(readAuthority('host-1:1'), readAuthority('host-1:1'));
  assert.notEqual(readAuthority('host-999:999'), readAuthority('host-999:999'));
  const long = 'a'.repeat(1000);
  assert.notEqual(readAuthority(long), readAuthority(long));
});
