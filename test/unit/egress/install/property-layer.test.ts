import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PropertyLayer } from '../../../../lib/egress/install/property-layer.js';

const original = { name: 'original' };

function putOver(object: object, value: object, isAltered?: () => boolean): PropertyLayer {
  const layer = new PropertyLayer(object, 'it', isAltered);
  layer.putValue(value);
  return layer;
}

function read(object: object): unknown {
  return Reflect.get(object, 'it');
}

const beforehand: Readonly<Record<string, PropertyDescriptor | undefined>> = {
  'a value': { value: original, writable: true, enumerable: true, configurable: true },
  'a value that can only be written': {
    value: original,
    writable: true,
    enumerable: false,
    configurable: false,
  },
  'a getter': { get: () => original, set: () => {}, enumerable: true, configurable: true },
  'nothing of its own': undefined,
};

for (const [what, descriptor] of Object.entries(beforehand)) {
  test(`gives ${what} back as it was`, () => {
    const object = Object.create({ it: original });
    if (descriptor !== undefined) {
      Object.defineProperty(object, 'it', descriptor);
    }
    const layer = putOver(object, { name: 'layer' });
    assert.deepEqual(read(object), { name: 'layer' });
    assert.equal(layer.below, original);
    layer.remove();
    layer.remove();
    assert.equal(layer.isActive, false);
    assert.deepEqual(Object.getOwnPropertyDescriptor(object, 'it'), descriptor);
    assert.equal(read(object), original);
  });
}

test('three that lie one over the other go in any order', () => {
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]) {
    const object = { it: original };
    const values = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    const layers = values.map((value) => putOver(object, value));
    const left = [original, ...values];
    for (const i of order) {
      layers[i]?.remove();
      left.splice(left.indexOf(values[i] as (typeof values)[number]), 1);
      assert.equal(read(object), left.at(-1));
    }
    assert.deepEqual(layers.map(({ below }) => below).length, 3);
    assert.deepEqual(Object.getOwnPropertyDescriptors(object), {
      it: { value: original, writable: true, enumerable: true, configurable: true },
    });
  }
});

test('stays beneath what others have put over it, until that is gone', () => {
  const object = { it: original };
  const layer = putOver(object, { name: 'layer' });
  const mine = object.it;
  const foreign = { name: 'foreign' };
  object.it = foreign;
  assert.equal(layer.isOver(object, 'it'), false);
  layer.remove();
  assert.equal(object.it, foreign);
  assert.equal(layer.below, original);
  object.it = mine;
  const next = putOver(object, { name: 'next' });
  assert.equal(next.below, original);
  next.remove();
  assert.equal(object.it, original);
});

test('stays when others have changed what it put there', () => {
  const object = { it: original };
  let isAltered = false;
  const layer = putOver(object, { name: 'layer' }, () => isAltered);
  const mine = object.it;
  isAltered = true;
  layer.remove();
  assert.equal(object.it, mine);
  const next = putOver(object, { name: 'next' });
  assert.equal(next.below, mine);
  next.remove();
  assert.equal(object.it, mine);
});

test('is over a property only while nothing hides it', () => {
  const object = { it: original };
  const layer = new PropertyLayer(object, 'it');
  assert.equal(layer.isOver(object, 'it'), false);
  layer.putValue({ name: 'layer' });
  const above = putOver(object, { name: 'above' });
  assert.equal(layer.isOver(object, 'it'), true);
  assert.equal(layer.isOver({ it: original }, 'it'), false);
  assert.equal(layer.isOver(object, 'that'), false);
  above.remove();
  layer.remove();
  assert.equal(layer.isOver(object, 'it'), false);
});

test('a property that has become unchangeable stays, and nothing is thrown', () => {
  const object = { it: original };
  const layer = putOver(object, { name: 'layer' });
  Object.freeze(object);
  layer.remove();
  assert.deepEqual(object.it, { name: 'layer' });
  assert.equal(layer.isActive, false);
  assert.throws(() => putOver(object, { name: 'next' }), TypeError);
});

test('a getter is asked each time, and gives way to what is assigned', () => {
  const object: { it?: unknown } = {};
  const layer = new PropertyLayer(object, 'it');
  let asked = 0;
  layer.putGetter(() => {
    asked++;
    return layer.below;
  });
  assert.equal(object.it, undefined);
  assert.equal(asked, 1);
  object.it = original;
  assert.deepEqual(Object.getOwnPropertyDescriptors(object), {
    it: { value: original, writable: true, enumerable: true, configurable: true },
  });
  layer.remove();
  assert.equal(object.it, original);
});
