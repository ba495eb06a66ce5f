import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatJsonPath } from '../../../lib/config/json-path.js';
import { JsonReader } from '../../../lib/config/json-reader.js';
import { ProblemCollector } from '../../../lib/config/problem-collector.js';
import type { ObjectSchema, ValueSchema } from '../../../lib/config/schema/schema.js';
import {
  count,
  flag,
  integer,
  listOf,
  map,
  nonEmptyText,
  object,
  oneOf,
  percent,
  positive,
  positiveNumber,
  text,
} from '../../../lib/config/schema/values.js';
import { objectSchema } from '../../support/object-schema.js';

/** The problems of an object, as `path: message`. */
function problemsOf(value: object, schema: ObjectSchema): string[] {
  const collector = new ProblemCollector('error');
  JsonReader.open(value, undefined, schema, collector);
  return collector
    .problemsIn(value)
    .map(({ path, message }) => `${formatJsonPath(path)}: ${message}`);
}

/** The problems of the value of one key. */
function check(value: unknown, schema: ValueSchema, key = 'key'): string[] {
  return problemsOf({ [key]: value }, objectSchema({ [key]: schema }));
}

/** The message of the one problem at the key itself. */
function only(value: unknown, schema: ValueSchema, key = 'key'): string {
  const problems = check(value, schema, key);
  assert.equal(problems.length, 1, problems.join('\n'));
  assert.ok(problems[0]?.startsWith(`${key}: `), problems[0]);
  return problems[0]?.slice(key.length + 2) ?? '';
}

describe('what is right passes', () => {
  const cases: readonly (readonly [ValueSchema, readonly unknown[]])[] = [
    [text, ['', 'a', '5']],
    [nonEmptyText, ['a']],
    [flag, [true, false]],
    [count, [0, 1, Number.MAX_SAFE_INTEGER, 1e3]],
    [positive, [1]],
    [percent, [0, 100]],
    [integer(-5, 5), [-5, 5, -0]],
    [positiveNumber, [0.001, 5]],
    [oneOf('a', 'b'), ['a', 'b']],
    [map, [{}, { a: [1] }]],
    [listOf(text), [[], ['a', 'a']]],
    [listOf(text, { minItems: 2, uniqueItems: true }), [['a', 'b']]],
    [listOf(listOf(count)), [[], [[]], [[1], [2, 3]]]],
  ];
  for (const [schema, values] of cases) {
    test(JSON.stringify(schema), () => {
      for (const value of values) {
        assert.deepEqual(check(value, schema), []);
      }
    });
  }
});

test('types are strict', () => {
  const values = [null, '1', 'true', 1.5, 1, true, ['a'], [], {}, Number.NaN, 2 ** 60, () => {}];
  const right: readonly (readonly [ValueSchema, (value: unknown) => boolean])[] = [
    [text, (value) => typeof value === 'string'],
    [flag, (value) => value === true],
    [count, (value) => value === 1],
    [
      positiveNumber,
      (value) => [1.5, 1, 2 ** 60].includes(Number(value)) && typeof value === 'number',
    ],
    [oneOf('1', '2'), (value) => value === '1'],
    [map, (value) => typeof value === 'object' && value !== null && !Array.isArray(value)],
    [listOf(text), (value) => Array.isArray(value)],
  ];
  for (const [schema, isRight] of right) {
    for (const value of values) {
      const problems = check(value, schema);
      assert.equal(problems.length, isRight(value) ? 0 : 1, `${schema.type} ${String(value)}`);
      assert.ok(problems.every((problem) => problem.startsWith('key: expected ')));
    }
  }
});

test('a wrong value is shown with what was expected', () => {
  assert.equal(only([], text), 'expected a string, found an empty array');
  assert.equal(only('', nonEmptyText), 'expected a string that is not empty, found ""');
  assert.equal(only('yes', flag), 'expected true or false, found "yes"');
  assert.equal(only(0, positiveNumber), 'expected a number greater than 0, found 0');
  assert.equal(only([], map), 'expected an object, found an empty array');
  assert.equal(
    only(() => {}, count),
    'expected an integer of at least 0, found a function',
  );
  assert.equal(only(1n, count), 'expected an integer of at least 0, found a bigint');
});

test('null asks for a value, whatever was expected', () => {
  const schemas = [text, flag, count, positiveNumber, oneOf('a', 'b'), map, listOf(text)];
  for (const schema of schemas) {
    assert.match(only(null, schema), /^expected .*, found null; give it a value$/);
  }
});

test('integers have ranges', () => {
  assert.equal(only(-1, count), 'expected an integer of at least 0, found -1');
  assert.equal(only(0, positive), 'expected an integer greater than 0, found 0');
  assert.equal(only(0.5, percent), 'expected an integer from 0 to 100, found 0.5');
  assert.equal(only(-1, percent), 'expected an integer from 0 to 100, found -1');
  assert.equal(only(101, percent), 'expected at most 100, found 101');
  assert.equal(only(2 ** 53, count), 'expected at most 9007199254740991, found 9007199254740992');
  assert.equal(
    only(Number.POSITIVE_INFINITY, positive),
    'expected at most 9007199254740991, found Infinity',
  );
});

test('-0 is read as 0', () => {
  const collector = new ProblemCollector('error');
  const reader = JsonReader.open({ key: -0 }, undefined, objectSchema({ key: count }), collector);
  assert.ok(Object.is(reader?.number('key'), 0));
});

test('what is quoted too much, or too little, is told so', () => {
  assert.equal(only(5, text), 'expected a string, found 5; write it in quotes: "5"');
  assert.equal(only(false, text), 'expected a string, found false; write it in quotes: "false"');
  assert.equal(only('true', flag), 'expected true or false, found "true"; write it without quotes');
  const integerExpected = 'expected an integer greater than 0, found';
  assert.equal(only('250', positive), `${integerExpected} "250"; write it without quotes`);
  assert.equal(only('x', positive), `${integerExpected} "x"`);
});

test('a time with a unit is turned into milliseconds, where these are meant', () => {
  const integerExpected = 'expected an integer greater than 0, found';
  assert.equal(only('15s', positive, 'a_ms'), `${integerExpected} "15s"; write 15000`);
  assert.equal(only('20ms', positive, 'a_ms'), `${integerExpected} "20ms"; write 20`);
  assert.equal(only('2m', positive, 'a_ms'), `${integerExpected} "2m"; write 120000`);
  assert.equal(only('15s', positive, 'count'), `${integerExpected} "15s"`);
  assert.equal(only('15h', positive, 'a_ms'), `${integerExpected} "15h"`);
});

test('one of a few values is answered with the nearest', () => {
  const colors = oneOf('red', 'green', 'blue');
  const expected = 'expected "red", "green" or "blue", found';
  assert.equal(only('gren', colors), `${expected} "gren"; did you mean "green"?`);
  assert.equal(only('GREEN', colors), `${expected} "GREEN"; did you mean "green"?`);
  assert.equal(only('mauve', colors), `${expected} "mauve"`);
  assert.equal(only(5, colors), `${expected} 5`);
  assert.equal(only('x', oneOf('http2')), 'expected "http2", found "x"');
});

test('an array has a least number of entries', () => {
  const one = listOf(text, { minItems: 1 });
  const two = listOf(text, { minItems: 2 });
  assert.equal(only([], one), 'expected at least one entry, found 0');
  assert.equal(only(['a'], two), 'expected at least 2 entries, found 1');
  assert.equal(only('a', two), 'expected an array, found "a"; put [ ] around it');
});

test('every wrong entry of an array is reported at its index, and holes are entries', () => {
  const list: unknown[] = ['a', 5, 'b'];
  list[4] = null;
  assert.deepEqual(check(list, listOf(text)), [
    'key[1]: expected a string, found 5; write it in quotes: "5"',
    'key[3]: expected a string, found nothing',
    'key[4]: expected a string, found null; give it a value',
  ]);
  assert.deepEqual(check([[1], ['x', 2], 3], listOf(listOf(count))), [
    'key[1][0]: expected an integer of at least 0, found "x"',
    'key[2]: expected an array, found 3; put [ ] around it',
  ]);
});

test('entries that must differ are compared whole, and each repetition is reported', () => {
  const pairs = listOf(object(objectSchema({ a: count, b: count })), { uniqueItems: true });
  const list = [{ a: 1 }, { a: 2 }, { a: 1 }, { a: 1, b: 1 }, { a: 1 }];
  assert.deepEqual(check(list, pairs), [
    'key[2]: the same stands at key[0]; remove one of them',
    'key[4]: the same stands at key[0]; remove one of them',
  ]);
  const turned = [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ];
  assert.deepEqual(check(turned, pairs), ['key[1]: the same stands at key[0]; remove one of them']);
});

test('entries that no JSON holds are refused, and compared with nothing', () => {
  const cycle: Record<string, unknown> = { a: 1 };
  cycle['self'] = cycle;
  const pairs = listOf(object(objectSchema({ a: count })), { uniqueItems: true });
  assert.deepEqual(check([cycle, cycle, 10n, undefined, undefined], pairs), [
    'key[0].self: unknown key; a thing takes a',
    'key[1].self: unknown key; a thing takes a',
    'key[2]: expected an object with the keys of a thing, found a bigint',
    'key[3]: expected an object with the keys of a thing, found nothing',
    'key[4]: expected an object with the keys of a thing, found nothing',
  ]);
});

test('an object whose keys are free holds what JSON can hold, at any depth', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = [cycle];
  for (const value of [cycle, { a: [10n] }]) {
    assert.equal(only(value, map), 'expected an object that JSON can hold, found an object');
  }
});

test('an array that is wrong throughout does not cost more than the problems that are kept', () => {
  let read = 0;
  const entries = Array.from({ length: 5000 }, () => 1);
  const watched = new Proxy(entries, {
    get(target, key, receiver): unknown {
      read += typeof key === 'string' && /^\d+$/.test(key) ? 1 : 0;
      return Reflect.get(target, key, receiver);
    },
  });
  assert.equal(check(watched, listOf(text)).length, 1001);
  assert.ok(read < entries.length, `${read}`);
});
