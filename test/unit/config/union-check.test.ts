import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatJsonPath } from '../../../lib/config/json-path.js';
import { JsonReader } from '../../../lib/config/json-reader.js';
import { ProblemCollector } from '../../../lib/config/problem-collector.js';
import type { UnionSchema } from '../../../lib/config/schema/schema.js';
import { listOf, oneOf, positive, union } from '../../../lib/config/schema/values.js';
import { objectSchema } from '../../support/object-schema.js';

const shape: UnionSchema = {
  tag: 'type',
  noun: 'a shape',
  describeUnknown: (name) => (name === 'gas' ? '"gas" has no shape; cool it down' : undefined),
  variants: {
    round: {
      object: objectSchema({ type: oneOf('round'), radius: { value: positive, isRequired: true } }),
    },
    square: { object: objectSchema({ type: oneOf('square'), side: positive }) },
    spiral: {
      object: objectSchema({ type: oneOf('spiral'), turns: positive }),
      unsupported: { reason: 'nothing turns yet', without: 'it stays straight' },
    },
  },
};

const schema = objectSchema({ shape: union(shape), shapes: listOf(union(shape)) });

interface Checked {
  readonly reader: JsonReader | undefined;
  readonly collector: ProblemCollector;
  readonly problems: readonly string[];
}

function check(value: object, mode: 'error' | 'warn' = 'error'): Checked {
  const collector = new ProblemCollector(mode);
  const reader = JsonReader.open(value, undefined, schema, collector);
  const problems = collector
    .problemsIn(value)
    .map(({ path, message }) => `${formatJsonPath(path)}: ${message}`);
  return { reader, collector, problems };
}

/** The problems of one shape. */
function problemsOf(value: unknown): readonly string[] {
  return check({ shape: value }).problems;
}

test('the tag decides about the other keys', () => {
  const { reader, problems } = check({ shape: { side: 5, type: 'square' } });
  assert.deepEqual(problems, []);
  assert.equal(reader?.object('shape')?.variant, 'square');
  assert.equal(reader?.object('shape')?.string('type'), 'square');
  assert.equal(reader?.object('shape')?.number('side'), 5);
  assert.deepEqual(problemsOf({ type: 'round', side: 5 }), [
    'shape: the key "radius" is missing; add it, for example "radius": 1',
    'shape.side: unknown key; a thing takes type, radius',
  ]);
});

test('a union in an array has its index', () => {
  const { reader, problems } = check({ shapes: [{ type: 'square' }, { type: 'round' }, 5] });
  assert.deepEqual(problems, [
    'shapes[1]: the key "radius" is missing; add it, for example "radius": 1',
    'shapes[2]: expected a shape, found 5',
  ]);
  assert.deepEqual(
    reader?.objects('shapes').map(({ variant }) => variant),
    ['square', 'round'],
  );
});

test('what is no object is told what was expected', () => {
  assert.deepEqual(problemsOf('round'), ['shape: expected a shape, found "round"']);
  assert.deepEqual(problemsOf(null), ['shape: expected a shape, found null']);
  assert.deepEqual(problemsOf([]), ['shape: expected a shape, found an empty array']);
  assert.deepEqual(problemsOf([{ type: 'round' }]), [
    'shape: expected a shape, found an array; remove the [ ] around it',
  ]);
});

test('a tag that is missing is one problem, and so is one that is misspelt', () => {
  const missing = 'shape: the key "type" is missing; add it, for example "type": "round"';
  assert.deepEqual(problemsOf({}), [missing]);
  assert.deepEqual(problemsOf({ type: undefined }), [missing]);
  assert.deepEqual(problemsOf({ typ: undefined, side: 5 }), [missing]);
  assert.deepEqual(problemsOf({ tpye: 'square', side: 5 }), [
    'shape.tpye: unknown key; did you mean "type"?',
  ]);
});

test('a tag of the wrong type is told the names', () => {
  const expected = 'shape.type: expected "round", "square" or "spiral", found';
  assert.deepEqual(problemsOf({ type: 5 }), [`${expected} 5`]);
  assert.deepEqual(problemsOf({ type: null }), [`${expected} null; give it a value`]);
});

test('an unknown variant is answered with all names, or with a message of its own', () => {
  assert.deepEqual(problemsOf({ type: 'cone' }), [
    'shape.type: v1 has no shape "cone"; expected "round", "square" or "spiral"',
  ]);
  assert.deepEqual(problemsOf({ type: 'gas' }), ['shape.type: "gas" has no shape; cool it down']);
  assert.deepEqual(problemsOf({ type: 'constructor' }), [
    'shape.type: v1 has no shape "constructor"; expected "round", "square" or "spiral"',
  ]);
});

test('a misspelt variant is reported once, and the object is read as the one that was meant', () => {
  const { reader, problems } = check({ shape: { type: 'sqare', side: '5', sied: 1 } });
  assert.deepEqual(problems, [
    'shape.type: v1 has no shape "sqare"; did you mean "square"?',
    'shape.side: expected an integer greater than 0, found "5"; write it without quotes',
    'shape.sied: unknown key; a thing takes type, side',
  ]);
  assert.equal(reader?.object('shape')?.variant, 'square');
});

test('a variant that is not supported is a problem or a warning at its tag, and is read', () => {
  const value = { shape: { type: 'spiral', turns: 3 } };
  const rule = 'known but not supported yet (nothing turns yet)';
  assert.deepEqual(check(value).problems, [
    `shape.type: ${rule}; remove it, or set unsupported: 'warn' (--unsupported warn) and accept that it stays straight`,
  ]);
  const { reader, collector, problems } = check(value, 'warn');
  assert.deepEqual(problems, []);
  assert.deepEqual(collector.warningsIn(value), [
    { path: ['shape', 'type'], message: `${rule}, so it is left out: it stays straight` },
  ]);
  assert.equal(reader?.object('shape')?.number('turns'), 3);
});
