import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RouteMatchConfig } from '../../lib/config/route-match-config.js';
import type { JsonObject, JsonValue } from '../support/config-documents.js';
import { parseRoute, routeProblems, routeWarnings } from '../support/route-documents.js';

function parseMatch(parts: JsonObject): RouteMatchConfig {
  return parseRoute({ cluster: 'a', ...parts }).match;
}

function matchProblems(parts: JsonObject): string[] {
  return routeProblems({ prefix: '/', cluster: 'a', ...parts });
}

function headerProblems(...headers: JsonValue[]): string[] {
  return matchProblems({ headers });
}

const badPattern = (pattern: string, rest: string): string =>
  `the pattern ${JSON.stringify(pattern)} ${rest}`;
const openGroup = badPattern(
  '(',
  'has a group that is not closed, opened at character 1; close it with ")", or write "\\(" for ' +
    'the character itself',
);

test('a route asks for a path alone, unless it says more', () => {
  const rest = { headers: [], queryParameters: [], runtime: undefined };
  assert.deepEqual(parseMatch({ prefix: '/a' }), {
    path: { kind: 'prefix', prefix: '/a', caseSensitive: true },
    ...rest,
  });
  assert.deepEqual(parseMatch({ path: '/a', case_sensitive: false }), {
    path: { kind: 'path', path: '/a', caseSensitive: false },
    ...rest,
  });
  assert.deepEqual(parseMatch({ regex: '/a.*' }), {
    path: { kind: 'regex', pattern: '/a.*' },
    ...rest,
  });
});

describe('patterns', () => {
  test('that are wrong are refused with their place, wherever they stand', () => {
    assert.deepEqual(routeProblems({ regex: '(', cluster: 'a' }), [`.regex: ${openGroup}`]);
    assert.deepEqual(headerProblems({ name: 'x', value: '(', regex: true }), [
      `.headers[0].value: ${openGroup}`,
    ]);
    const parameter = { name: 'x', value: '(', regex: true };
    assert.deepEqual(matchProblems({ query_parameters: [parameter] }), [
      `.query_parameters[0].value: ${openGroup}`,
    ]);
  });

  test('are told apart from values that are compared', () => {
    assert.deepEqual(headerProblems({ name: 'x', value: '(' }), []);
    assert.deepEqual(headerProblems({ name: 'x', value: '(', regex: false }), []);
  });

  test('that no engine matches in linear time are refused', () => {
    assert.deepEqual(routeProblems({ regex: '/(a)\\1', cluster: 'a' }), [
      `.regex: ${badPattern(
        '/(a)\\1',
        'has a back-reference at character 5; no engine matches it in linear time: write out ' +
          'what may stand there',
      )}`,
    ]);
  });

  test('have their case, so that case_sensitive is not read', () => {
    assert.deepEqual(routeWarnings({ regex: '/a', case_sensitive: false, cluster: 'a' }), [
      '.case_sensitive: not read, as the case of "regex" always counts; remove it',
    ]);
    assert.deepEqual(routeWarnings({ regex: '/a', case_sensitive: true, cluster: 'a' }), []);
  });
});

describe('a header matcher', () => {
  test('is for presence, for a value, for a pattern or for a range', () => {
    const headers = [
      { name: 'X-Present' },
      { name: 'x-empty', value: '' },
      { name: 'x-empty-pattern', value: '', regex: true },
      { name: 'X-Exact', value: 'Val' },
      { name: ':Method', value: 'GET|PUT', regex: true },
      { name: 'Host', value: 'foo.com' },
      { name: 'x-range', range_match: { start: -1, end: 10 } },
    ];
    assert.deepEqual(parseMatch({ prefix: '/', headers }).headers, [
      { name: 'x-present', kind: 'present' },
      { name: 'x-empty', kind: 'present' },
      { name: 'x-empty-pattern', kind: 'present' },
      { name: 'x-exact', kind: 'exact', value: 'Val' },
      { name: ':method', kind: 'regex', pattern: 'GET|PUT' },
      { name: ':authority', kind: 'exact', value: 'foo.com' },
      { name: 'x-range', kind: 'range', start: -1, end: 10 },
    ]);
  });

  test('needs the name of a header', () => {
    assert.deepEqual(
      headerProblems({ value: 'x' }, { name: 'a b' }, { name: '' }, { name: '::path' }),
      [
        '.headers[0]: the key "name" is missing; add it, for example "name": ":method"',
        '.headers[1].name: "a b" is not the name of a header',
        '.headers[2].name: "" is not the name of a header',
        '.headers[3].name: "::path" is not the name of a header',
      ],
    );
  });

  test('has its keys and types', () => {
    assert.deepEqual(headerProblems({ name: 'x', values: 1, regex: 'true' }, 'x'), [
      '.headers[0].values: unknown key; did you mean "value"?',
      '.headers[0].values: expected a string, found 1; write it in quotes: "1"',
      '.headers[0].regex: expected true or false, found "true"; write it without quotes',
      '.headers[1]: expected an object with the keys of a header matcher, found "x"',
    ]);
    assert.deepEqual(headerProblems(), ['.headers: expected at least one entry, found 0']);
  });

  test('that lacks its pattern is warned of', () => {
    const headers = [{ name: 'x', regex: true }];
    assert.deepEqual(routeWarnings({ prefix: '/', cluster: 'a', headers }), [
      '.headers[0].regex: there is no pattern, so it must only be there; write one as "value"',
    ]);
  });
});

describe('a range', () => {
  test('needs both ends, which are whole numbers', () => {
    const least = 'expected an integer of at least -9007199254740991, found';
    assert.deepEqual(
      headerProblems(
        { name: 'x', range_match: { start: 1 } },
        { name: 'x', range_match: { start: 1.5, end: '2', step: 1 } },
        { name: 'x', range_match: [1, 2] },
      ),
      [
        '.headers[0].range_match: the key "end" is missing; add it, for example "end": 100',
        `.headers[1].range_match.start: ${least} 1.5`,
        `.headers[1].range_match.end: ${least} "2"; write it without quotes`,
        '.headers[1].range_match.step: unknown key; the range_match of a header matcher takes ' +
          'start, end',
        '.headers[2].range_match: expected an object with the keys of the range_match of a header ' +
          'matcher, found an array',
      ],
    );
  });

  test('excludes a value and a pattern', () => {
    const range_match = { start: 1, end: 2 };
    const expected = '"range_match" excludes "value" and "regex"; keep one of them';
    assert.deepEqual(headerProblems({ name: 'x', range_match, value: '1' }), [
      `.headers[0]: ${expected}`,
    ]);
    assert.deepEqual(headerProblems({ name: 'x', range_match, regex: false }), [
      `.headers[0]: ${expected}`,
    ]);
  });

  test('that holds no number is warned of', () => {
    const headers = [{ name: 'x', range_match: { start: 5, end: 5 } }];
    assert.deepEqual(routeWarnings({ prefix: '/', cluster: 'a', headers }), [
      '.headers[0].range_match.end: no number is in this range, as "end" itself is not',
    ]);
  });
});

test('a query parameter matcher is for presence, for a value or for a pattern', () => {
  const query_parameters = [
    { name: 'A' },
    { name: 'b', value: '' },
    { name: 'c', value: '1' },
    { name: 'd', value: '\\d+', regex: true },
  ];
  assert.deepEqual(parseMatch({ prefix: '/', query_parameters }).queryParameters, [
    { name: 'A', kind: 'present' },
    { name: 'b', kind: 'present' },
    { name: 'c', kind: 'exact', value: '1' },
    { name: 'd', kind: 'regex', pattern: '\\d+' },
  ]);
  assert.deepEqual(matchProblems({ query_parameters: [{ value: 1 }] }), [
    '.query_parameters[0]: the key "name" is missing; add it, for example "name": "debug"',
    '.query_parameters[0].value: expected a string, found 1; write it in quotes: "1"',
  ]);
});

test('a share of the requests has a key and a default', () => {
  const runtime = { key: 'a.b', default: 30 };
  assert.deepEqual(parseMatch({ prefix: '/', runtime }).runtime, runtime);
  assert.deepEqual(matchProblems({ runtime: { default_value: 5 } }), [
    '.runtime: the key "key" is missing; add it, for example "key": "routing.new_backend"',
    '.runtime: the key "default" is missing; add it, for example "default": 50',
    '.runtime.default_value: unknown key; the runtime of a route takes key, default',
  ]);
});
