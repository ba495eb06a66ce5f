import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonLines } from '../../../lib/kubernetes/json-lines.js';

const values = [{ a: 'Gemüse' }, { b: '10 €' }, { c: '🚲\n' }];
const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));

test('gives the lines whatever the size of the pieces, also in the middle of a character', () => {
  for (let size = 1; size <= bytes.length; size++) {
    const lines = new JsonLines(100);
    const found: unknown[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      found.push(...lines.push(bytes.subarray(start, start + size)));
    }
    assert.deepEqual(found, values, `pieces of ${size}`);
  }
});

test('gives a line only when its end has come, and passes over empty ones', () => {
  const lines = new JsonLines(100);
  assert.deepEqual(lines.push(Buffer.from('\n{"a":1}\r\n\n[2')), [{ a: 1 }]);
  assert.deepEqual(lines.push(Buffer.from(']')), []);
  assert.deepEqual(lines.push(Buffer.from('\n')), [[2]]);
});

test('throws for a line that is too long, before its end has come, and for no JSON', () => {
  const lines = new JsonLines(10);
  assert.deepEqual(lines.push(Buffer.from('"12345678"\n"1234')), ['12345678']);
  assert.throws(() => lines.push(Buffer.from('567890')), /longer than 10 bytes/);
  assert.throws(() => new JsonLines(10).push(Buffer.from('{a\n')), /no JSON/);
});
