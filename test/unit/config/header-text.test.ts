import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHeaderBytes, isHeaderName, isHeaderValue } from '../../../lib/config/header-text.js';

const controls = ['\0', '\b', '\n', '\v', '\r', '\u001f', '\u007f'];

test('a name is a token', () => {
  for (const name of ['a', 'X-A', "!#$%&'*+-.^_`|~09"]) {
    assert.equal(isHeaderName(name), true, name);
  }
  for (const name of ['', ' ', 'a b', 'a:', 'a/b', '\u00fc', 'a\n', ...controls]) {
    assert.equal(isHeaderName(name), false, JSON.stringify(name));
  }
});

test('a value of the configuration has no control characters but tabs', () => {
  for (const value of ['', ' ', 'a\tb', '"<>\\', '\u00fc', '\u010a', '\u{1f600}']) {
    assert.equal(isHeaderValue(value), true, value);
  }
  for (const control of controls) {
    assert.equal(isHeaderValue(`a${control}b`), false, JSON.stringify(control));
  }
});

test('a value that the codecs write has bytes alone', () => {
  for (const value of ['', ' ', 'a\tb', '"<>\\', '\u00fc', '\u00ff']) {
    assert.equal(isHeaderBytes(value), true, value);
  }
  // The last byte of these would be a line break.
  for (const value of ['\u010a', '\u010d', '\u{1f60a}', ...controls]) {
    assert.equal(isHeaderBytes(`a${value}b`), false, JSON.stringify(value));
  }
});
