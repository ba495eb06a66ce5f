import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRouteMatcher, type RouteMatcher } from '../../../lib/router/route-matcher.js';

function prefix(text: string, caseSensitive = true): RouteMatcher {
  return createRouteMatcher({ kind: 'prefix', prefix: text, caseSensitive });
}

function path(text: string, caseSensitive = true): RouteMatcher {
  return createRouteMatcher({ kind: 'path', path: text, caseSensitive });
}

/** Fails unless the matcher accepts the first paths and refuses the others. */
function assertMatches(
  matches: RouteMatcher,
  accepted: readonly string[],
  refused: readonly string[],
): void {
  for (const each of accepted) {
    assert.equal(matches(each), true, each);
  }
  for (const each of refused) {
    assert.equal(matches(each), false, each);
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
