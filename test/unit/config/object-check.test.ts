import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatJsonPath } from '../../../lib/config/json-path.js';
import { JsonReader } from '../../../lib/config/json-reader.js';
import { ProblemCollector } from '../../../lib/config/problem-collector.js';
import type { ObjectSchema } from '../../../lib/config/schema/schema.js';
import type { UnsupportedFeature } from '../../../lib/config/schema/unsupported-feature.js';
import { flag, object, positive, text } from '../../../lib/config/schema/values.js';
import { objectSchema } from '../../support/object-schema.js';

interface Said {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What is said about an object, as `path: message`. */
function check(value: object, schema: ObjectSchema, mode: 'error' | 'warn' = 'error'): Said {
  const collector = new ProblemCollector(mode);
  JsonReader.open(value, undefined, schema, collector);
  const format = (list: ReturnType<ProblemCollector['problemsIn']>): string[] =>
    list.map(({ path, message }) => `${formatJsonPath(path)}: ${message}`);
  return {
    problems: format(collector.problemsIn(value)),
    warnings: format(collector.warningsIn(value)),
  };
}

const thing = objectSchema({ width: positive, height: positive });

test('an unknown key is answered with the nearest key that is not there yet', () => {
  assert.deepEqual(check({ widht: 5, Height: 6 }, thing).problems, [
    'widht: unknown key; did you mean "width"?',
    'Height: unknown key; did you mean "height"?',
  ]);
  assert.deepEqual(check({ widht: 5, width: 6 }, thing).problems, [
    'widht: unknown key; a thing takes width, height',
  ]);
});

test('two keys that may mean the same are not taken for the same key', () => {
  assert.deepEqual(check({ widht: 5, wdith: 'x' }, thing).problems, [
    'widht: unknown key; did you mean "width"?',
    'wdith: unknown key; a thing takes width, height',
  ]);
});

test('an unknown key of v1 is told where it belongs, unless that is unclear', () => {
  assert.deepEqual(check({ lb_type: 5, validate_clusters: 1, name: 6 }, thing).problems, [
    'lb_type: unknown key; a thing does not take it, it belongs in a cluster',
    'validate_clusters: unknown key; a thing does not take it, it belongs in a route_config',
    'name: unknown key; a thing takes width, height',
  ]);
});

test('an object without keys says so', () => {
  assert.deepEqual(check({ zzz: 5 }, objectSchema({})).problems, [
    'zzz: unknown key; a thing takes no keys',
  ]);
});

test('an open object warns of unknown keys, and takes none of them for another', () => {
  const open = objectSchema({ width: { value: positive, isRequired: true } }, { isOpen: true });
  assert.deepEqual(check({ width: 1, zzz: null, lb_type: 5 }, open), {
    problems: [],
    warnings: [
      'zzz: unknown key, which is ignored; a thing takes width',
      'lb_type: unknown key, which is ignored; a thing does not take it, it belongs in a cluster',
    ],
  });
  assert.deepEqual(check({ widht: 5 }, open), {
    problems: [': the key "width" is missing; add it, for example "width": 1'],
    warnings: ['widht: unknown key, which is ignored; did you mean "width"?'],
  });
});

test('of many unknown keys the first twenty are listed, and the others counted', () => {
  const keys = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`k${index}`, 1]));
  const { problems } = check({ ...keys, width: 'x' }, thing);
  assert.equal(problems.filter((line) => line.includes(': unknown key; ')).length, 20);
  assert.equal(problems[0], ': 5 more unknown keys are not listed');
  // What comes after them is checked all the same.
  assert.equal(problems.at(-1), 'width: expected an integer greater than 0, found "x"');
  const twenty = Object.fromEntries(Object.entries(keys).slice(0, 20));
  assert.equal(check(twenty, thing).problems.length, 20);
});

test('a key of older releases is answered once, and what takes its place is not missing', () => {
  const schema = objectSchema(
    { address: { isRequired: true }, name: { isRequired: true } },
    {
      foreign: {
        port: { replacedBy: 'address', describe: (value) => `write "address" for ${value}` },
      },
    },
  );
  assert.deepEqual(check({ port: 80 }, schema).problems, [
    ': the key "name" is missing; add it, for example "name": "..."',
    'port: write "address" for 80',
  ]);
});

const feature: UnsupportedFeature = {
  reason: 'nothing is painted yet',
  without: 'it stays gray',
  isHarmless: (value) => value === false,
};
const rule = 'known but not supported yet (nothing is painted yet)';

test('an unsupported key is a problem, or a warning where such keys are left out', () => {
  const schema = objectSchema({ isRed: { value: flag, unsupported: feature } });
  assert.deepEqual(check({ isRed: true }, schema), {
    problems: [
      `isRed: ${rule}; remove it, or set unsupported: 'warn' (--unsupported warn) and accept that it stays gray`,
    ],
    warnings: [],
  });
  assert.deepEqual(check({ isRed: true }, schema, 'warn'), {
    problems: [],
    warnings: [`isRed: ${rule}, so it is left out: it stays gray`],
  });
  assert.deepEqual(check({ isRed: false }, schema), { problems: [], warnings: [] });
});

test('an unsupported key says what goes with it, and what to write in its place', () => {
  const leaving = {
    ...feature,
    leavesOut: 'the thing',
    without: 'as it is gray',
    instead: 'go on',
  };
  const schema = objectSchema({ isRed: { value: flag, unsupported: leaving } });
  assert.deepEqual(check({ isRed: true }, schema).problems, [
    `isRed: ${rule}; go on, or set unsupported: 'warn' (--unsupported warn) and accept that the thing is left out, ` +
      'as it is gray',
  ]);
  assert.deepEqual(check({ isRed: true }, schema, 'warn').warnings, [
    `isRed: ${rule}, so the thing is left out, as it is gray`,
  ]);
});

test('the value of an unsupported key is checked, in both modes', () => {
  const inner = objectSchema({ color: text });
  const schema = objectSchema({ paint: { value: object(inner), unsupported: feature } });
  const wrong = 'paint.color: expected a string, found 5; write it in quotes: "5"';
  assert.deepEqual(check({ paint: { color: 5 } }, schema).problems.slice(1), [wrong]);
  assert.deepEqual(check({ paint: { color: 5 } }, schema, 'warn').problems, [wrong]);
});
