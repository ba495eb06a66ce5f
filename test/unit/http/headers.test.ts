import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addHeader,
  getHeader,
  hasHeader,
  lowerCaseName,
  removeHeader,
  removeHeaders,
  setHeader,
} from '../../../lib/http/headers.js';

/** A list in which a value reads like a name, and one name occurs twice. */
function createList(): string[] {
  return ['a', '1', 'b', 'a', 'a', '2', 'c', ''];
}

describe('getHeader', () => {
  test('returns the first value of a name', () => {
    assert.equal(getHeader(createList(), 'a'), '1');
    assert.equal(getHeader(createList(), 'b'), 'a');
  });

  test('tells an empty value from none', () => {
    assert.equal(getHeader(createList(), 'c'), '');
    assert.equal(getHeader(createList(), 'd'), undefined);
    assert.equal(getHeader(createList(), '1'), undefined);
    assert.equal(getHeader([], 'a'), undefined);
  });
});

describe('hasHeader', () => {
  test('looks at names only', () => {
    assert.equal(hasHeader(createList(), 'c'), true);
    assert.equal(hasHeader(createList(), '2'), false);
    assert.equal(hasHeader(['x', 'y'], 'y'), false);
  });
});

describe('setHeader', () => {
  test('replaces the first of a name in its place and removes the others', () => {
    const list = createList();
    setHeader(list, 'a', 'new');
    assert.deepEqual(list, ['a', 'new', 'b', 'a', 'c', '']);
  });

  test('adds a name that is not there at the end', () => {
    const list = createList();
    setHeader(list, 'd', '4');
    assert.deepEqual(list, [...createList(), 'd', '4']);
  });
});

describe('addHeader', () => {
  test('adds behind what is there, even a name that is', () => {
    const list = createList();
    addHeader(list, 'a', '3');
    assert.deepEqual(
      list.filter((_, index) => list[index - 1] === 'a' && index % 2 === 1),
      ['1', '2', '3'],
    );
  });
});

describe('removeHeaders', () => {
  test('removes every occurrence of each name, and keeps the order of the others', () => {
    const list = createList();
    removeHeaders(list, new Set(['a', 'nowhere']));
    assert.deepEqual(list, ['b', 'a', 'c', '']);
    removeHeaders(list, new Set());
    assert.deepEqual(list, ['b', 'a', 'c', '']);
    removeHeaders(list, new Set(['b', 'c']));
    assert.deepEqual(list, []);
  });
});

describe('removeHeader', () => {
  test('removes every value of a name, and nothing else', () => {
    const list = createList();
    removeHeader(list, 'a');
    assert.deepEqual(list, ['b', 'a', 'c', '']);
    removeHeader(list, 'nowhere');
    assert.deepEqual(list, ['b', 'a', 'c', '']);
  });

  test('empties a list that holds nothing else', () => {
    const list = ['a', '1', 'a', '2'];
    removeHeader(list, 'a');
    assert.deepEqual(list, []);
  });
});

describe('lowerCaseName', () => {
  test('returns any spelling in lower case, the first time and later', () => {
    for (let i = 0; i < 2; i++) {
      assert.equal(lowerCaseName('X-Forwarded-For'), 'x-forwarded-for');
      assert.equal(lowerCaseName('x-forwarded-for'), 'x-forwarded-for');
    }
  });

  test('goes on when it has seen more names than it remembers', () => {
    for (let i = 0; i < 5000; i++) {
      assert.equal(lowerCaseName(`X-Invented-${i}`), `x-invented-${i}`);
    }
    assert.equal(lowerCaseName('X-Late'), 'x-late');
  });
});
