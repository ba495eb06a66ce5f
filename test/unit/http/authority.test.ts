import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAuthority } from '../../../lib/http/authority.js';

test('knows what can name a host', () => {
  for (const text of ['a', 'A.b-c_d', 'a:', 'a:80', '[::1]', '[::1]:', '1.2.3.4', 'a%41', 'a.']) {
    assert.equal(isAuthority(text), true, text);
  }
  for (const text of [
    '',
    ' ',
    ':',
    ':80',
    'a b',
    'a@b',
    'a/b',
    'a:b',
    'a:8:8',
    'a%4',
    '[::1',
    ']',
  ]) {
    assert.equal(isAuthority(text), false, text);
  }
  for (const text of [
    '[:]',
    '[1.2.3.4]',
    '[::1%eth0]',
    '[::1]]',
    '[[::1]]',
    '\u00fc',
    'a\n',
    '[]',
  ]) {
    assert.equal(isAuthority(text), false, text);
  }
});

test('takes no time for a long text', () => {
  const long = 'a'.repeat(60_000);
  for (const text of [`${long}@`, `[${':'.repeat(60_000)}`, `${long}:${'8'.repeat(60_000)}x`]) {
    assert.equal(isAuthority(text), false);
  }
});
