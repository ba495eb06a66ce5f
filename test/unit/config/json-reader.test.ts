import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonReader } from '../../../lib/config/json-reader.js';
import type { ObjectKind } from '../../../lib/config/object-shape.js';
import { ProblemCollector } from '../../../lib/config/problem-collector.js';

interface Opened {
  readonly reader: JsonReader;
  readonly collector: ProblemCollector;
}

function open(value: object, kind: ObjectKind = 'cluster'): Opened {
  const collector = new ProblemCollector('error');
  const reader = JsonReader.open(value, ['clusters', 2], kind, collector);
  assert.ok(reader);
  return { reader, collector };
}

function messagesOf(collector: ProblemCollector): string[] {
  return collector.problemsIn({}).map(({ message }) => message);
}

test('gives values of the right type and says nothing', () => {
  const { reader, collector } = open({ name: 'a', connect_timeout_ms: 250, hosts: [{ url: 'b' }] });
  assert.equal(reader.requireString('name', 'x'), 'a');
  assert.equal(reader.requireInteger('connect_timeout_ms', { min: 1 }), 250);
  assert.equal(reader.requireObjects('hosts', 'host', '[]').length, 1);
  assert.equal(reader.lengthOf('hosts'), 1);
  assert.equal(collector.hasProblems, false);
});

test('what is absent is undefined, and a problem only where it is required', () => {
  const { reader, collector } = open({});
  assert.equal(reader.optionalString('name'), undefined);
  assert.equal(reader.optionalBoolean('name'), undefined);
  assert.equal(reader.optionalInteger('name', { min: 0 }), undefined);
  assert.equal(reader.optionalOneOf('name', ['a']), undefined);
  assert.equal(reader.optionalObject('name', 'host'), undefined);
  assert.deepEqual(reader.optionalObjects('name', 'host', 1), []);
  assert.deepEqual(reader.optionalStrings('name'), []);
  assert.equal(reader.lengthOf('name'), undefined);
  assert.equal(collector.hasProblems, false);
  assert.equal(reader.requireOneOf('type', ['static', 'sds']), undefined);
  assert.equal(reader.requireInteger('connect_timeout_ms', { min: 1, example: 250 }), undefined);
  assert.deepEqual(messagesOf(collector), [
    'the key "type" is missing; add it, for example "type": "static"',
    'the key "connect_timeout_ms" is missing; add it, for example "connect_timeout_ms": 250',
  ]);
});

test('types are strict', () => {
  const wrong = [null, '1', 1.5, true, [], {}, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60];
  for (const value of wrong) {
    const { reader, collector } = open({ connect_timeout_ms: value });
    assert.equal(reader.optionalInteger('connect_timeout_ms', { min: 0 }), undefined);
    assert.equal(messagesOf(collector).length, 1, `${value}`);
  }
  for (const value of [null, 'true', 0, 1, [], {}]) {
    const { reader, collector } = open({ name: value });
    assert.equal(reader.optionalBoolean('name'), undefined);
    assert.equal(messagesOf(collector).length, 1, `${value}`);
  }
});

test('integers have ranges', () => {
  const read = (value: number, min: number, max?: number): string[] => {
    const { reader, collector } = open({ name: value });
    const rule = max === undefined ? { min } : { min, max };
    assert.equal(reader.optionalInteger('name', rule) === value, !collector.hasProblems);
    return messagesOf(collector);
  };
  assert.deepEqual(read(0, 0), []);
  assert.deepEqual(read(100, 1, 100), []);
  assert.deepEqual(read(-1, 0), ['expected an integer of at least 0, found -1']);
  assert.deepEqual(read(0, 1), ['expected an integer greater than 0, found 0']);
  assert.deepEqual(read(0, 1, 100), ['expected an integer from 1 to 100, found 0']);
  assert.deepEqual(read(101, 1, 100), ['expected at most 100, found 101']);
  assert.ok(Object.is(open({ name: -0 }).reader.optionalInteger('name', { min: 0 }), 0));
});

test('keys that objects inherit are neither read nor known', () => {
  const { reader, collector } = open({});
  assert.equal(reader.has('constructor'), false);
  assert.equal(reader.has('__proto__'), false);
  assert.equal(collector.hasProblems, false);
  assert.equal(open({ constructor: 1, toString: 2 }).collector.problemsIn({}).length, 2);
});

test('a misspelt key is read under its own path', () => {
  const { reader, collector } = open({ nmae: 5 });
  assert.ok(reader.has('name'));
  assert.deepEqual(reader.pathOf('name'), ['clusters', 2, 'nmae']);
  reader.requireString('name', 'a');
  assert.deepEqual(collector.problemsIn({}), [
    { path: ['clusters', 2, 'nmae'], message: 'unknown key; did you mean "name"?' },
    {
      path: ['clusters', 2, 'nmae'],
      message: 'expected a string, found 5; write it in quotes: "5"',
    },
  ]);
});

test('a key that is there already is not what a misspelt one meant', () => {
  const { reader, collector } = open({ name: 'a', names: 'b' });
  assert.equal(reader.optionalString('name'), 'a');
  assert.match(messagesOf(collector)[0] ?? '', /^unknown key; a cluster takes name,/);
});

test('an unsupported key marks the object as one to leave out, if it means nothing without', () => {
  assert.equal(open({ ssl_context: {} }).reader.isLeftOut, true);
  assert.equal(open({ outlier_detection: {} }).reader.isLeftOut, false);
  assert.equal(open({}).reader.isLeftOut, false);
});

test('entries that are no objects are reported, and the holes of an array too', () => {
  const holed: unknown[] = [{ url: 'a' }, 5];
  holed[3] = { url: 'b' };
  const { reader, collector } = open({ hosts: holed });
  assert.equal(reader.optionalObjects('hosts', 'host').length, 2);
  assert.deepEqual(
    collector.problemsIn({}).map(({ path }) => path.at(-1)),
    [1, 2],
  );
});
