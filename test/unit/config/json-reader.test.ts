import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf } from '../../../lib/config/json-place.js';
import { JsonReader } from '../../../lib/config/json-reader.js';
import { ProblemCollector } from '../../../lib/config/problem-collector.js';
import type { ObjectSchema } from '../../../lib/config/schema/schema.js';
import {
  flag,
  listOf,
  map,
  object,
  oneOf,
  positive,
  text,
  union,
} from '../../../lib/config/schema/values.js';
import { objectSchema } from '../../support/object-schema.js';

interface Opened {
  readonly reader: JsonReader;
  readonly collector: ProblemCollector;
}

const place = { parent: { parent: undefined, segment: 'things' }, segment: 2 };

function open(value: object, schema: ObjectSchema, mode: 'error' | 'warn' = 'error'): Opened {
  const collector = new ProblemCollector(mode);
  const reader = JsonReader.open(value, place, schema, collector);
  assert.ok(reader);
  return { reader, collector };
}

function messagesOf(collector: ProblemCollector): string[] {
  return collector.problemsIn({}).map(({ message }) => message);
}

const part = objectSchema({ url: text });
const thing = objectSchema({
  name: text,
  size: positive,
  isRound: flag,
  color: oneOf('red', 'green'),
  part: object(part),
  parts: listOf(object(part)),
  rows: listOf(listOf(object(part))),
  tags: listOf(text),
  rest: map,
  shape: union({
    tag: 'type',
    noun: 'a shape',
    variants: { round: { object: objectSchema({ type: oneOf('round'), radius: positive }) } },
  }),
});

test('gives values of the right type and says nothing', () => {
  const { reader, collector } = open(
    {
      name: 'a',
      size: 250,
      isRound: false,
      color: 'green',
      part: { url: 'b' },
      parts: [{ url: 'c' }, { url: 'd' }],
      rows: [[{ url: 'e' }], [], [{ url: 'f' }, {}]],
      tags: ['x', 'y'],
      rest: { any: ['thing'] },
      shape: { type: 'round', radius: 3 },
    },
    thing,
  );
  assert.equal(reader.string('name'), 'a');
  assert.equal(reader.number('size'), 250);
  assert.equal(reader.boolean('isRound'), false);
  assert.equal(reader.oneOf('color', ['red', 'green']), 'green');
  assert.equal(reader.object('part')?.string('url'), 'b');
  assert.deepEqual(
    reader.objects('parts').map((entry) => entry.string('url')),
    ['c', 'd'],
  );
  assert.equal(reader.lengthOf('parts'), 2);
  assert.deepEqual(
    reader.lists('rows').map((row) => row.map((entry) => entry.string('url'))),
    [['e'], [], ['f', undefined]],
  );
  assert.deepEqual(reader.map('rest'), { any: ['thing'] });
  assert.equal(reader.object('shape')?.variant, 'round');
  assert.equal(reader.object('shape')?.number('radius'), 3);
  assert.equal(reader.variant, undefined);
  assert.equal(collector.hasProblems, false);
});

test('the strings of an array come with their places', () => {
  const { reader } = open({ tags: ['x', 5, 'y'] }, thing);
  assert.deepEqual(
    reader.strings('tags').map((item) => [item.value, pathOf(item.place)]),
    [
      ['x', ['things', 2, 'tags', 0]],
      ['y', ['things', 2, 'tags', 2]],
    ],
  );
});

test('what is absent is undefined, or an empty list', () => {
  for (const value of [{}, Object.fromEntries(Object.keys(thing.keys).map((key) => [key]))]) {
    const { reader, collector } = open(value, thing);
    assert.equal(reader.string('name'), undefined);
    assert.equal(reader.number('size'), undefined);
    assert.equal(reader.boolean('isRound'), undefined);
    assert.equal(reader.oneOf('color', ['red']), undefined);
    assert.equal(reader.object('part'), undefined);
    assert.equal(reader.map('rest'), undefined);
    assert.deepEqual(reader.objects('parts'), []);
    assert.deepEqual(reader.lists('rows'), []);
    assert.deepEqual(reader.strings('tags'), []);
    assert.equal(reader.lengthOf('tags'), undefined);
    assert.equal(reader.has('name'), false);
    assert.equal(collector.hasProblems, false);
  }
});

test('a broken value is there, reads as absent, and is reported once', () => {
  const { reader, collector } = open({ size: 'x', parts: [{ url: 'a' }, 5] }, thing);
  assert.equal(reader.has('size'), true);
  assert.equal(reader.number('size'), undefined);
  assert.equal(reader.number('size'), undefined);
  assert.equal(reader.objects('parts').length, 1);
  assert.equal(reader.lengthOf('parts'), 2);
  assert.equal(messagesOf(collector).length, 2);
});

test('a missing key is a problem where it is required, with an example of its type', () => {
  const keys = {
    a: { isRequired: true, example: '"x"' },
    b: { isRequired: true },
    c: { isRequired: true, value: flag },
    d: { isRequired: true, value: positive },
    e: { isRequired: true, value: oneOf('red', 'green') },
    f: { isRequired: true, value: object(part) },
    g: { isRequired: true, value: listOf(text) },
    h: { isRequired: true, value: { type: 'number', moreThan: 0 } },
    i: {},
  } as const;
  const { reader, collector } = open({}, objectSchema(keys));
  const examples = ['"x"', '"..."', 'true', '1', '"red"', '{ ... }', '[]', '1'];
  assert.deepEqual(
    messagesOf(collector),
    examples.map((example, index) => {
      const key = 'abcdefgh'[index];
      return `the key "${key}" is missing; add it, for example "${key}": ${example}`;
    }),
  );
  reader.missing('i');
  assert.equal(messagesOf(collector)[8], 'the key "i" is missing; add it, for example "i": "..."');
});

test('keys that objects inherit are neither read nor known', () => {
  const { reader, collector } = open({}, thing);
  assert.equal(reader.has('constructor'), false);
  assert.equal(reader.has('__proto__'), false);
  assert.equal(collector.hasProblems, false);
  const odd: object = JSON.parse('{"constructor": 1, "toString": 2, "__proto__": 3}');
  assert.equal(open(odd, thing).collector.problemsIn({}).length, 3);
});

test('a key that the schema does not have is a slip of ours, and is thrown', () => {
  const { reader } = open({}, thing);
  assert.throws(() => reader.string('nmae'), /^Error: the schema of a thing has no key nmae$/);
  assert.throws(() => reader.string('toString'), /has no key toString$/);
});

test('a misspelt key is reported once, and read and checked under its own path', () => {
  const { reader, collector } = open({ nmae: 5 }, thing);
  assert.ok(reader.has('name'));
  assert.deepEqual(pathOf(reader.placeOf('name')), ['things', 2, 'nmae']);
  assert.deepEqual(collector.problemsIn({}), [
    { path: ['things', 2, 'nmae'], message: 'unknown key; did you mean "name"?' },
    {
      path: ['things', 2, 'nmae'],
      message: 'expected a string, found 5; write it in quotes: "5"',
    },
  ]);
  const right = open({ nmae: 'a', parrts: [{ url: 'b' }] }, thing);
  assert.equal(right.reader.string('name'), 'a');
  assert.equal(right.reader.lengthOf('parts'), 1);
  assert.equal(right.reader.objects('parts')[0]?.string('url'), 'b');
});

test('of two keys that mean the same, the right one counts', () => {
  for (const value of [
    { name: 'a', names: 'b' },
    { names: 'b', name: 'a' },
  ]) {
    const { reader, collector } = open(value, thing);
    assert.equal(reader.string('name'), 'a');
    assert.match(messagesOf(collector).join(), /^unknown key; a thing takes name, size,/);
  }
});

test('an unsupported key marks the object to be left out, if it means nothing without', () => {
  const gone = { reason: 'r', without: 'w', leavesOut: 'the thing' };
  const schema = objectSchema({
    gone: { unsupported: gone },
    passed: { unsupported: { reason: 'r', without: 'w' } },
  });
  assert.equal(open({ gone: 'x' }, schema).reader.isLeftOut, true);
  assert.equal(open({ passed: 'x' }, schema).reader.isLeftOut, false);
  assert.equal(open({}, schema).reader.isLeftOut, false);
  const { reader, collector } = open({ passed: 'x' }, schema, 'warn');
  reader.unsupported('passed', gone);
  assert.equal(reader.isLeftOut, true);
  assert.equal(collector.hasProblems, false);
  assert.equal(collector.warningsIn({}).length, 2);
});

test('problems and warnings stand at the object, or at one of its keys as it is written', () => {
  const { reader, collector } = open({ name: 'a' }, thing);
  reader.problem('of the object');
  reader.problem('of the key', 'name');
  reader.warning('a warning', 'size');
  assert.deepEqual(collector.problemsIn({}), [
    { path: ['things', 2], message: 'of the object' },
    { path: ['things', 2, 'name'], message: 'of the key' },
  ]);
  assert.deepEqual(collector.warningsIn({}), [
    { path: ['things', 2, 'size'], message: 'a warning' },
  ]);
});

test('what is no object does not open', () => {
  const messages = (value: unknown): string[] => {
    const collector = new ProblemCollector('error');
    assert.equal(JsonReader.open(value, place, thing, collector), undefined);
    return messagesOf(collector);
  };
  const expected = 'expected an object with the keys of a thing, found';
  assert.deepEqual(messages(null), [`${expected} null; write { }`]);
  assert.deepEqual(messages('a'), [`${expected} "a"`]);
  assert.deepEqual(messages([{}]), [`${expected} an array; remove the [ ] around it`]);
  assert.deepEqual(messages([{}, {}]), [`${expected} an array`]);
  assert.deepEqual(messages(new Map()), [`${expected} an instance of a class`]);
});
