import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseBody,
  parseErrorType,
  parseOperation,
  parsePartitions,
  parseTable,
  parseUnprocessedTables,
} from '../../../../lib/filters/dynamo/dynamo-messages.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const keys = [
  'TableName',
  'RequestItems',
  '__type',
  'UnprocessedKeys',
  'ConsumedCapacity',
] as const;

function randomValue(random: SeededRandom, depth: number): unknown {
  const leaf = random.pick<unknown>(['', 'a', 'ValidationException', 0, -1.5, 1e308, null, true]);
  switch (random.integer(depth > 3 ? 1 : 3)) {
    case 1:
      return Array.from({ length: random.integer(3) }, () => randomValue(random, depth + 1));
    case 2:
      return Object.fromEntries(
        Array.from({ length: random.integer(4) }, () => [
          random.pick([...keys, 'Partitions', '__proto__', 'constructor', '']),
          randomValue(random, depth + 1),
        ]),
      );
    default:
      return leaf;
  }
}

test('whatever the body, something is made of it', () => {
  const random = new SeededRandom(5);
  for (let i = 0; i < 5000; i++) {
    const body = parseBody(Buffer.from(JSON.stringify(randomValue(random, 0))));
    if (body === undefined) {
      continue;
    }
    for (const operation of ['GetItem', 'BatchGetItem', 'ListTables', '']) {
      assert.ok(['string', 'undefined'].includes(typeof parseTable(operation, body)?.name));
    }
    assert.ok(['string', 'undefined'].includes(typeof parseErrorType(body)));
    parseUnprocessedTables(body);
    for (const { partition, units } of parsePartitions(body)) {
      assert.ok(partition.length <= 7 && Number.isSafeInteger(units) && units > 0);
    }
  }
});

test('a body that is nested deeply is read, or not, without harm', () => {
  const depth = 200_000;
  const body = Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  assert.doesNotThrow(() => parseBody(body));
});

for (const [target, operation] of [
  ['DynamoDB_20120810.GetItem', 'GetItem'],
  ['GetItem', ''],
  ['a.b.c', ''],
  ['DynamoDB_20120810.', ''],
  ['', ''],
] as const) {
  test(`x-amz-target "${target}" has the operation "${operation}"`, () => {
    assert.equal(parseOperation(['x-amz-target', target]), operation);
  });
}
