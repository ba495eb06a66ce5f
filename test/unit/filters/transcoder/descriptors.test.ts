import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  readDescriptorSet,
  toCamelCase,
} from '../../../../lib/filters/transcoder/descriptor-set.js';
import { Transcoder } from '../../../../lib/filters/transcoder/transcoder.js';
import {
  bookstorePath,
  bookstoreSet,
  createBookstore,
} from '../../../support/transcoder-fixture.js';

describe('a descriptor set', () => {
  test('has services with the rules of their methods', () => {
    const [service] = bookstoreSet.services;
    assert.equal(service?.fullName, 'bookstore.Bookstore');
    const rulesOf = (name: string): unknown =>
      service?.methods.find((method) => method.name === name)?.rules;
    assert.deepEqual(rulesOf('CreateShelf'), [
      { httpMethod: 'POST', template: '/shelves', body: 'shelf' },
    ]);
    assert.deepEqual(rulesOf('GetShelf'), [
      { httpMethod: 'GET', template: '/shelves/{shelf}', body: '' },
      { httpMethod: 'GET', template: '/v2/{name=racks/*/shelves/*}', body: '' },
      { httpMethod: 'GET', template: '/archive/{name=**}', body: '' },
    ]);
    assert.deepEqual(rulesOf('LockShelf'), [
      { httpMethod: 'LOCK', template: '/shelves/{shelf}', body: '' },
    ]);
    assert.deepEqual(rulesOf('Hide'), []);
  });

  test('has methods that take and give streams', () => {
    const streaming = (bookstoreSet.services[0]?.methods ?? []).flatMap(
      ({ name, isClientStreaming: takes, isServerStreaming: gives }) =>
        takes || gives ? [[name, takes, gives]] : [],
    );
    assert.deepEqual(streaming, [
      ['AddBooks', true, false],
      ['ListBooks', false, true],
      ['Chat', true, true],
    ]);
  });

  test('can be used whole: no rule of it is in the way of another', () => {
    assert.deepEqual(createBookstore().warnings, []);
  });

  test('of which bytes are wrong is refused or used, and never does more', () => {
    const bytes = readFileSync(bookstorePath);
    let seed = 1;
    const next = (): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed >> 8;
    };
    for (let i = 0; i < 500; i++) {
      const broken = Buffer.from(bytes);
      broken[next() % broken.length] = next() & 255;
      try {
        const set = readDescriptorSet(broken);
        const options = createOptions();
        new Transcoder(set, set.services, options).match(head);
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'TranscodingError');
      }
    }
  });
});

const head = { method: 'GET', path: '/shelves/1?name=a', authority: 'a', headers: [] };

function createOptions(): ConstructorParameters<typeof Transcoder>[2] {
  return {
    addWhitespace: false,
    alwaysPrintPrimitiveFields: true,
    alwaysPrintEnumsAsInts: false,
    preserveProtoFieldNames: false,
  };
}

test('the name of a field in JSON, where the set has none', () => {
  const names = ['foo', 'foo_bar', 'foo__bar', '_foo', 'foo_', 'foo_1', 'fooBar'];
  assert.deepEqual(names.map(toCamelCase), [
    'foo',
    'fooBar',
    'fooBar',
    'Foo',
    'foo',
    'foo1',
    'fooBar',
  ]);
});
