import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { QueryParameterMatcherConfig } from '../../../lib/config/header-matcher-config.js';
import { createQueryCondition, readQueryParameter } from '../../../lib/router/query-condition.js';
import { asBytes, routedRequest } from '../../support/route-fixture.js';

function accepts(config: QueryParameterMatcherConfig, path: string): boolean {
  return createQueryCondition(config).matches(routedRequest({ path }));
}

const present: QueryParameterMatcherConfig = { name: 'a', kind: 'present' };
const exact = (value: string): QueryParameterMatcherConfig => ({ name: 'a', kind: 'exact', value });
const regex = (pattern: string): QueryParameterMatcherConfig => ({
  name: 'a',
  kind: 'regex',
  pattern,
});

describe('the parameter "a"', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['/', undefined],
    ['/a=1', undefined],
    ['/?', undefined],
    ['/?b=1', undefined],
    ['/?aa=1', undefined],
    ['/?ba=1', undefined],
    ['/?A=1', undefined],
    ['/?b=a', undefined],
    ['/?b=a=1', undefined],
    ['/?%61=1', undefined],
    ['/#?a=1', undefined],
    ['/?b#a=1', undefined],
    ['/?b#&a=1', undefined],
    ['/?a', ''],
    ['/?a=', ''],
    ['/?a&b=1', ''],
    ['/?a#x=1', ''],
    ['/?a=1', '1'],
    ['/?b&a=1', '1'],
    ['/?b=2&a=1&c', '1'],
    ['/?a=1&a=2', '1'],
    ['/?a&a=2', ''],
    ['/?&&a=1', '1'],
    ['/?a=1=2', '1=2'],
    ['/?a=1?b', '1?b'],
    ['/?a=1#b', '1'],
    ['/?a=1;c=2', '1;c=2'],
    ['/?a=%31+x', '%31+x'],
  ];
  for (const [path, value] of cases) {
    test(`of ${path} is ${JSON.stringify(value) ?? 'not there'}`, () => {
      assert.equal(readQueryParameter(path, 'a'), value);
    });
  }
});

test('a parameter without a name can be asked for', () => {
  assert.equal(readQueryParameter('/?=1', ''), '1');
  assert.equal(readQueryParameter('/?b=1', ''), undefined);
});

test('a presence test takes every value, an empty one too', () => {
  assert.equal(accepts(present, '/?a=x'), true);
  assert.equal(accepts(present, '/?a'), true);
  assert.equal(accepts(present, '/?b'), false);
});

test('an exact value is compared as a whole, with its case and its escapes', () => {
  assert.equal(accepts(exact('Va%20l'), '/?a=Va%20l'), true);
  for (const path of ['/?a=va%20l', '/?a=Va+l', '/?a=Va%20l2', '/?a=', '/?b=Va%20l', '/']) {
    assert.equal(accepts(exact('Va%20l'), path), false, path);
  }
});

test('of several parameters with one name only the first is compared', () => {
  assert.equal(accepts(exact('1'), '/?a=1&a=2'), true);
  assert.equal(accepts(exact('2'), '/?a=1&a=2'), false);
});

test('a pattern must match the whole value, which may be empty', () => {
  assert.equal(accepts(regex('\\d+|x'), '/?a=12&b=y'), true);
  assert.equal(accepts(regex('\\d+|x'), '/?a=x'), true);
  assert.equal(accepts(regex('\\d*'), '/?a'), true);
  for (const path of ['/?a=12x', '/?a=x1', '/?a', '/?b=12', '/']) {
    assert.equal(accepts(regex('\\d+|x'), path), false, path);
  }
});

test('text that is not ASCII is compared by its bytes in UTF-8', () => {
  assert.equal(accepts({ name: 'é', kind: 'exact', value: '€' }, asBytes('/?é=€')), true);
  assert.equal(accepts({ name: 'é', kind: 'exact', value: '€' }, '/?é=€'), false);
  assert.equal(accepts({ name: 'é', kind: 'present' }, '/?%C3%A9'), false);
});

test('a condition says what it asks for', () => {
  const say = (config: QueryParameterMatcherConfig): string =>
    createQueryCondition(config).describe();
  assert.equal(say(present), 'query parameter "a" is there');
  assert.equal(say(exact('1')), 'query parameter "a" is "1"');
  assert.equal(say(regex('\\d')), 'query parameter "a" matches "\\\\d"');
});

test('a parameter whose name has a separator in it is never there', () => {
  for (const name of ['a=b', 'a&b', 'a#b']) {
    assert.equal(readQueryParameter(`/?${name}`, name), undefined);
    assert.equal(readQueryParameter(`/?${name}=1`, name), undefined);
  }
});

test('a long query string is read once, whether it has values or none', () => {
  // Looking ahead from each pair to the end would take minutes.
  assert.equal(readQueryParameter(`/?${'b=1&'.repeat(1_000_000)}a=2`, 'a'), '2');
  assert.equal(readQueryParameter(`/?${'b&'.repeat(1_000_000)}a=2`, 'a'), '2');
  assert.equal(readQueryParameter(`/?${'b&'.repeat(1_000_000)}a`, 'a'), '');
});
