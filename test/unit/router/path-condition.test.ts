import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PathMatchConfig } from '../../../lib/config/route-match-config.js';
import type { Condition } from '../../../lib/router/condition.js';
import { createPathCondition, withoutQuery } from '../../../lib/router/path-condition.js';
import { asBytes, routedRequest } from '../../support/route-fixture.js';

const prefix = (text: string, caseSensitive = true): PathMatchConfig => ({
  kind: 'prefix',
  prefix: text,
  caseSensitive,
});
const path = (text: string, caseSensitive = true): PathMatchConfig => ({
  kind: 'path',
  path: text,
  caseSensitive,
});
const regex = (pattern: string): PathMatchConfig => ({ kind: 'regex', pattern });

/** Fails unless the condition accepts the first paths and refuses the others. */
function assertMatches(
  match: PathMatchConfig,
  accepted: readonly string[],
  refused: readonly string[],
): void {
  const condition: Condition = createPathCondition(match);
  for (const each of accepted) {
    assert.equal(condition.matches(routedRequest({ path: each })), true, each);
  }
  for (const each of refused) {
    assert.equal(condition.matches(routedRequest({ path: each })), false, each);
  }
}

test('a prefix matches what begins with it, within a segment too', () => {
  assertMatches(
    prefix('/foo'),
    ['/foo', '/foo/', '/foobar', '/foo?x=1', '/foo/bar?baz'],
    ['/', '/fo', '/bar/foo', '/FOO', '/Foo'],
  );
});

test('a prefix is compared with the query string too', () => {
  assertMatches(prefix('/foo?a='), ['/foo?a=', '/foo?a=1'], ['/foo', '/foo?b=1']);
});

for (const text of ['/', '']) {
  test(`the prefix "${text}" matches every path`, () => {
    assertMatches(prefix(text), ['/', '/foo', '/?x', '//'], []);
    assertMatches(prefix(text, false), ['/', '/FOO'], []);
  });
}

test('a prefix ignores case when it is told to', () => {
  assertMatches(
    prefix('/Foo/BAR', false),
    ['/foo/bar', '/FOO/BAR', '/fOO/bAr/Baz', '/foo/bar?X'],
    ['/foo', '/foo/ba', '/foo/baz'],
  );
});

test('a path matches itself alone, whatever the query string', () => {
  assertMatches(
    path('/foo'),
    ['/foo', '/foo?', '/foo?x=1', '/foo?x=1?y=2'],
    ['/', '/fo', '/foo/', '/foobar', '/FOO', '/foo#x', '/foo%3Fx', ''],
  );
});

test('a path ignores case when it is told to', () => {
  assertMatches(path('/Foo', false), ['/foo', '/FOO', '/fOO?Bar'], ['/foo/', '/fo', '/bar']);
});

test('a path with a query string of its own matches nothing', () => {
  assertMatches(path('/foo?x'), [], ['/foo?x', '/foo']);
});

test('a pattern must match the whole path, and does not see the query string', () => {
  assertMatches(
    regex('/users/\\d+'),
    ['/users/1', '/users/42', '/users/42?', '/users/42?x=/other'],
    ['/users/', '/users/42/', '/a/users/42', '/users/42x', '/USERS/1'],
  );
});

test('the ends of a pattern hold for all of its alternatives', () => {
  assertMatches(regex('/a|/b'), ['/a', '/b', '/b?x'], ['/ab', '/a/b', '/bb']);
});

test('a question mark in a pattern never meets that of the query string', () => {
  assertMatches(regex('/a\\?x=1'), [], ['/a?x=1']);
});

test('text that is not ASCII is compared by its bytes in UTF-8', () => {
  assertMatches(prefix('/é'), [asBytes('/é'), asBytes('/école')], ['/é', asBytes('/è')]);
  assertMatches(path('/€'), [asBytes('/€'), asBytes('/€?x')], ['/€', '/\xac']);
  assertMatches(regex('/é+'), [asBytes('/é')], ['/é']);
});

test('a condition says what it asks for', () => {
  const describe = (match: PathMatchConfig): string => createPathCondition(match).describe();
  assert.equal(describe(prefix('/foo')), 'path begins with "/foo"');
  assert.equal(describe(prefix('/foo', false)), 'path begins with "/foo", in any case');
  assert.equal(describe(prefix('/')), 'path begins with "/"');
  assert.equal(describe(path('/foo')), 'path is "/foo"');
  assert.equal(describe(path('/foo', false)), 'path is "/foo", in any case');
  assert.equal(describe(regex('/a.*')), 'path matches "/a.*"');
});

test('a condition says what it asks for as the configuration has it', () => {
  const describe = (match: PathMatchConfig): string => createPathCondition(match).describe();
  assert.equal(describe(path('/é')), 'path is "/é"');
  assert.equal(describe(prefix('/é')), 'path begins with "/é"');
});

test('a query string begins at the first question mark', () => {
  assert.equal(withoutQuery('/a'), '/a');
  assert.equal(withoutQuery('/a?'), '/a');
  assert.equal(withoutQuery('/a?b?c'), '/a');
  assert.equal(withoutQuery('?b'), '');
});

test('a pattern that no parser has checked is a slip of ours', () => {
  assert.throws(() => createPathCondition(regex('(')), /the pattern \( /);
});
