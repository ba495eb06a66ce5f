import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LayeredRuntime } from '../../../../lib/base/runtime/layered-runtime.js';
import {
  parseRuntimeValue,
  type RuntimeValues,
} from '../../../../lib/base/runtime/runtime-value.js';
import { createSidecarRuntime } from '../../../../lib/base/runtime/sidecar-runtime.js';

function valuesOf(texts: Readonly<Record<string, string>>): RuntimeValues {
  return new Map(Object.entries(texts).map(([key, text]) => [key, parseRuntimeValue(text)]));
}

describe('a runtime', () => {
  test('without values has the default of every key', () => {
    const runtime = new LayeredRuntime();
    assert.equal(runtime.integer('a', 7), 7);
    assert.equal(runtime.get('a'), undefined);
    for (const key of ['__proto__', 'constructor', '']) {
      assert.equal(runtime.integer(key, 7), 7);
    }
  });

  test('takes the override before the tree, and what was set before both', () => {
    const runtime = new LayeredRuntime();
    runtime.replaceTree(valuesOf({ a: '1', b: '1', c: '1' }), valuesOf({ b: '2', c: '2' }));
    runtime.set('c', '3');
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => runtime.integer(key, 0)),
      [1, 2, 3, 0],
    );
    runtime.set('c', undefined);
    assert.equal(runtime.integer('c', 0), 2);
  });

  test('has the default where the highest layer has no number, not the layer below', () => {
    const runtime = new LayeredRuntime();
    runtime.replaceTree(valuesOf({ a: '1' }), valuesOf({ a: 'off' }));
    assert.equal(runtime.integer('a', 7), 7);
    assert.equal(runtime.get('a'), 'off');
  });

  test('keeps what was set when the tree is replaced, and nothing of the old tree', () => {
    const runtime = new LayeredRuntime();
    runtime.replaceTree(valuesOf({ a: '1', old: '1' }), valuesOf({ b: '1' }));
    runtime.set('a', '5');
    runtime.replaceTree(valuesOf({ a: '2' }));
    assert.deepEqual(
      ['a', 'b', 'old'].map((key) => runtime.get(key)),
      ['5', undefined, undefined],
    );
  });

  test('counts its keys, each once', () => {
    const counts = { numKeys: 0 };
    const runtime = new LayeredRuntime(counts);
    runtime.replaceTree(valuesOf({ a: '1', b: '1' }), valuesOf({ b: '2', c: '2' }));
    assert.equal(counts.numKeys, 3);
    runtime.set('a', '1');
    runtime.set('d', '1');
    assert.equal(counts.numKeys, 4);
    runtime.set('d', undefined);
    runtime.set('never', undefined);
    assert.equal(counts.numKeys, 3);
  });

  test('shows each key with its value in every layer', () => {
    const runtime = new LayeredRuntime();
    runtime.replaceTree(valuesOf({ b: '1', a: '1' }), valuesOf({ b: '2' }));
    runtime.set('c', '3');
    const shown = [...runtime.entries()].map(([key, values]) => [
      key,
      ...values.map((value) => value?.text),
    ]);
    assert.deepEqual(shown, [
      ['a', '1', undefined, undefined],
      ['b', '1', '2', undefined],
      ['c', undefined, undefined, '3'],
    ]);
  });
});

describe('the runtime of an application', () => {
  test('takes whole numbers and texts', () => {
    const layered = new LayeredRuntime();
    const runtime = createSidecarRuntime(layered);
    runtime.set('a', 50);
    runtime.set('b', ' 60\n');
    runtime.set('c', 'text');
    runtime.set('d', 0);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => layered.integer(key, 7)),
      [50, 60, 7, 0],
    );
    assert.equal(runtime.get('c'), 'text');
  });

  for (const value of [
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    null,
    true,
    {},
    1n,
  ]) {
    test(`refuses ${String(value)}, and keeps the value that it had`, () => {
      const runtime = createSidecarRuntime(new LayeredRuntime());
      runtime.set('a', 1);
      // What a caller without types may pass.
      assert.throws(() => runtime.set('a', value as number), {
        code: 'SIDECAR_OPTION_INVALID',
        message:
          'the runtime value of "a" must be a whole number from 0 on, a string, or undefined',
      });
      assert.equal(runtime.get('a'), '1');
    });
  }

  for (const key of ['', 5, undefined]) {
    test(`refuses the key ${JSON.stringify(key)}`, () => {
      const runtime = createSidecarRuntime(new LayeredRuntime());
      assert.throws(() => runtime.set(key as string, 1), { code: 'SIDECAR_OPTION_INVALID' });
    });
  }
});
