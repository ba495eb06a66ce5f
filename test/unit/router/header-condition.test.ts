import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HeaderMatcherConfig } from '../../../lib/config/header-matcher-config.js';
import type { RequestHead } from '../../../lib/http/message.js';
import { createHeaderCondition, readRequestHeader } from '../../../lib/router/header-condition.js';
import { asBytes, routedRequest } from '../../support/route-fixture.js';

function matches(config: HeaderMatcherConfig, head: Partial<RequestHead>): boolean {
  return createHeaderCondition(config).matches(routedRequest(head));
}

/** Whether a matcher of `x-a` accepts fields with these values. */
function accepts(config: HeaderMatcherConfig, ...values: readonly string[]): boolean {
  return matches(config, { headers: ['x-b', '7', ...values.flatMap((value) => ['x-a', value])] });
}

const present: HeaderMatcherConfig = { name: 'x-a', kind: 'present' };
const exact = (value: string): HeaderMatcherConfig => ({ name: 'x-a', kind: 'exact', value });
const regex = (pattern: string): HeaderMatcherConfig => ({ name: 'x-a', kind: 'regex', pattern });
const range = (start: number, end: number): HeaderMatcherConfig => ({
  name: 'x-a',
  kind: 'range',
  start,
  end,
});

test('a missing header never matches, whatever the kind', () => {
  for (const config of [present, exact('7'), regex('.*'), range(0, 9)]) {
    assert.equal(accepts(config), false, config.kind);
  }
});

test('a presence test takes every value, an empty one too', () => {
  assert.equal(accepts(present, 'anything'), true);
  assert.equal(accepts(present, ''), true);
});

test('an exact value is compared as a whole, with its case', () => {
  assert.equal(accepts(exact('Val'), 'Val'), true);
  for (const value of ['val', 'Val ', 'aVal', 'Value', '']) {
    assert.equal(accepts(exact('Val'), value), false, value);
  }
});

test('a pattern must match the whole value', () => {
  assert.equal(accepts(regex('a|b+'), 'a'), true);
  assert.equal(accepts(regex('a|b+'), 'bbb'), true);
  for (const value of ['ab', 'ca', 'A', '', 'a ']) {
    assert.equal(accepts(regex('a|b+'), value), false, value);
  }
  assert.equal(accepts(regex('.*'), ''), true);
});

test('of several fields the first counts, as in Envoy', () => {
  assert.equal(accepts(exact('1'), '1', '2'), true);
  assert.equal(accepts(exact('1, 2'), '1', '2'), false);
  assert.equal(accepts(exact('2'), '1', '2'), false);
  assert.equal(accepts(range(2, 9), '1', '2'), false);
  assert.equal(accepts(present, '', ''), true);
});

test('the value of one header is not taken for the name of another', () => {
  assert.equal(matches(present, { headers: ['x-b', 'x-a', 'x-c', '1'] }), false);
});

describe('a range', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['-5', true],
    ['-6', false],
    ['0', true],
    ['-0', true],
    ['+9', true],
    ['9', true],
    ['007', true],
    ['10', false],
    ['9.5', false],
    ['1e0', false],
    ['0x1', false],
    ['', false],
    [' 1', false],
    ['1 ', false],
    ['1a', false],
    ['--1', false],
    ['१', false],
  ];
  for (const [value, isIn] of cases) {
    test(`from -5 to 9 ${isIn ? 'takes' : 'refuses'} ${JSON.stringify(value)}`, () => {
      assert.equal(accepts(range(-5, 10), value), isIn);
    });
  }

  test('does not hold its end', () => {
    assert.equal(accepts(range(3, 4), '3'), true);
    assert.equal(accepts(range(3, 4), '4'), false);
    assert.equal(accepts(range(3, 3), '3'), false);
  });

  test('holds no number that only rounding would bring into it', () => {
    const { MAX_SAFE_INTEGER: max, MIN_SAFE_INTEGER: min } = Number;
    assert.equal(accepts(range(min, max), String(max - 1)), true);
    assert.equal(accepts(range(min, max), String(min)), true);
    assert.equal(accepts(range(min, max), '9007199254740992'), false);
    assert.equal(accepts(range(min, max), '-9007199254740993'), false);
    assert.equal(accepts(range(min, max), '9223372036854775807'), false);
    assert.equal(accepts(range(min, max), '-9223372036854775808'), false);
    // Beyond 64 bits there is no number at all.
    assert.equal(accepts(range(min, max), '9'.repeat(400)), false);
    assert.equal(accepts(range(min, max), `-${'9'.repeat(400)}`), false);
  });
});

test('the parts of the head are headers too', () => {
  const head = { method: 'PUT', path: '/a?b=1', authority: 'foo.com:80' };
  const is = (name: string, value: string): HeaderMatcherConfig => ({ name, kind: 'exact', value });
  assert.equal(matches(is(':method', 'PUT'), head), true);
  assert.equal(matches(is(':method', 'put'), head), false);
  assert.equal(matches(is(':path', '/a?b=1'), head), true);
  assert.equal(matches(is(':path', '/a'), head), false);
  assert.equal(matches(is(':authority', 'foo.com:80'), head), true);
  assert.equal(matches(is(':authority', 'foo.com'), head), false);
  assert.equal(matches({ name: ':status', kind: 'present' }, head), false);
});

test('text that is not ASCII is compared by its bytes in UTF-8', () => {
  assert.equal(accepts(exact('é€'), asBytes('é€')), true);
  assert.equal(accepts(exact('é'), '\xe9'), false);
  assert.equal(accepts(regex('é'), asBytes('é')), true);
  // A character is a byte, so one that takes two matches two dots.
  assert.equal(accepts(regex('..'), asBytes('é')), true);
});

test('a condition says what it asks for', () => {
  const say = (config: HeaderMatcherConfig): string => createHeaderCondition(config).describe();
  assert.equal(say(present), 'header x-a is there');
  assert.equal(say(exact('v')), 'header x-a is "v"');
  assert.equal(say(regex('v+')), 'header x-a matches "v+"');
  assert.equal(say(range(-1, 10)), 'header x-a is a number from -1 to 9');
});

test('a header is read by its first field', () => {
  const { requestHead } = routedRequest({ headers: ['x-a', '1', 'x-b', '2', 'x-a', '3'] });
  assert.equal(readRequestHeader(requestHead, 'x-a'), '1');
  assert.equal(readRequestHeader(requestHead, 'x-c'), undefined);
  assert.equal(readRequestHeader(requestHead, ':authority'), 'foo.com');
});
