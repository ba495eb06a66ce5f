import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonLines } from '../../../lib/kubernetes/json-lines.js';
import { heldBytes, heldHeapBytes } from '../../support/held-bytes.js';

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

test('a long line in the smallest pieces takes no more than twice its length', () => {
  const lines = new JsonLines(8 * 1024 * 1024);
  const before = heldHeapBytes() + heldBytes();
  const length = 500_000;
  lines.push(Buffer.from('"'));
  for (let i = 0; i < length; i++) {
    // Each is a piece of memory of its own, as one that a socket has received.
    lines.push(Buffer.alloc(1, 120));
  }
  const taken = heldHeapBytes() + heldBytes() - before;
  assert.ok(taken < 3 * length, `${taken} bytes for ${length}`);
  assert.deepEqual(lines.push(Buffer.from('"\n')), ['x'.repeat(length)]);
});

test('the memory of a long line is given back with it', () => {
  const lines = new JsonLines(8 * 1024 * 1024);
  const before = heldBytes();
  const pushLong = (): void => {
    const line = Buffer.from(`"${'x'.repeat(4_000_000)}"\n`);
    assert.equal(lines.push(line).length, 1);
  };
  pushLong();
  assert.ok(heldBytes() - before < 1_000_000);
  assert.deepEqual(lines.push(Buffer.from('1\n')), [1]);
});
