import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Linked, LinkedList } from '../../../lib/base/linked-list.js';

class Entry implements Linked<Entry> {
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A list of three, and its entries. */
function threeEntries(): { list: LinkedList<Entry>; a: Entry; b: Entry; c: Entry } {
  const list = new LinkedList<Entry>();
  const [a, b, c] = [new Entry('a'), new Entry('b'), new Entry('c')];
  for (const entry of [a, b, c]) {
    list.append(entry);
  }
  return { list, a, b, c };
}

function namesOf(list: LinkedList<Entry>): string {
  return list
    .toArray()
    .map(({ name }) => name)
    .join('');
}

describe('a linked list', () => {
  test('keeps the order in which entries came, wherever one is taken out', () => {
    for (const [gone, left] of Object.entries({ a: 'bc', b: 'ac', c: 'ab' })) {
      const { list, ...entries } = threeEntries();
      list.remove(entries[gone as 'a' | 'b' | 'c']);
      assert.equal(namesOf(list), left);
      assert.equal(list.size, 2);
      list.append(new Entry('d'));
      assert.equal(namesOf(list), `${left}d`);
      assert.equal(list.first?.name, left[0]);
    }
  });

  test('is empty when all are gone, and takes them again', () => {
    const { list, a, b, c } = threeEntries();
    for (const entry of [b, a, c]) {
      list.remove(entry);
    }
    assert.equal(list.size, 0);
    assert.equal(list.first, undefined);
    assert.equal(namesOf(list), '');
    list.append(b);
    assert.equal(namesOf(list), 'b');
  });

  test('is left alone by the removal of what is not in it', () => {
    const { list, b } = threeEntries();
    list.remove(b);
    list.remove(b);
    list.remove(new Entry('x'));
    assert.equal(namesOf(list), 'ac');
    assert.equal(list.size, 2);
  });

  test('leaves no link in what it has given up, nor to it', () => {
    const { list, a, b, c } = threeEntries();
    list.remove(b);
    assert.deepEqual([b.previous, b.next], [undefined, undefined]);
    assert.equal(a.next, c);
    assert.equal(c.previous, a);
  });

  test('hands out an array that later changes do not touch', () => {
    const { list, a } = threeEntries();
    const before = list.toArray();
    list.remove(a);
    assert.equal(before.length, 3);
  });
});
