import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, encode } from 'dns-packet';
import { encodeQuery, readReply } from '../../../../lib/upstream/dns/dns-message.js';
import { addresses, alias, service } from '../../../support/dns-server.js';

const name = 'orders.test';
const query = encodeQuery(7, name, 'A', false);
const types = { a: 1, cname: 5, soa: 6, srv: 33 } as const;

/** An answer to the query whose records are these bytes. */
function answerOf(records: readonly Buffer[]): Buffer {
  const head = Buffer.from(query);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, ...records]);
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.from([0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

/** Bytes that stand for a name: where it is. */
function pointer(target: number): Buffer {
  return Buffer.from([0xc0 | (target >> 8), target & 0xff]);
}

const root = Buffer.from([0]);
const address = Buffer.from([10, 0, 0, 1]);
const none = { kind: 'ignored', reason: 'it is malformed' };

/** A record that holds pointers, each to the one before it; and where the last one is. */
function chain(length: number): { readonly holder: Buffer; readonly last: number } {
  const start = query.length + root.length + 10;
  // The first one leads to the name of the question.
  const pointers = Array.from({ length }, (_, i) => pointer(i === 0 ? 12 : start + 2 * (i - 1)));
  // A type that nobody reads.
  return { holder: record(root, 250, Buffer.concat(pointers)), last: start + 2 * (length - 1) };
}

/** How many records an answer has, whose owners each are a name of so many pointers. */
function countChained(pointerCount: number, recordCount: number): number | string {
  const { holder, last } = chain(pointerCount - 1);
  const chained = Array.from({ length: recordCount }, () =>
    record(pointer(last), types.a, address),
  );
  const reply = readReply(query, answerOf([holder, ...chained]));
  assert.ok(reply.kind === 'answer' || reply.kind === 'ignored');
  return reply.kind === 'answer' ? reply.records.length : reply.reason;
}

describe('pointers of an answer', () => {
  test('may lead to pointers, as those of simple servers do', () => {
    assert.equal(countChained(5, 900), 900);
    assert.equal(countChained(8000, 1), 1);
  });

  test('are followed 65,536 times in all, labels included; more make it malformed', () => {
    // Each name has two labels and an end, and the record of the pointers has a name of one step.
    assert.equal(countChained(4096 - 3, 15), 15);
    assert.equal(countChained(4096 - 3, 16), 'it is malformed');
  });

  test('count in names that are data, too', () => {
    const { holder, last } = chain(8000);
    for (const [type, data] of [
      [types.cname, pointer(last)],
      [types.srv, Buffer.concat([Buffer.alloc(6), pointer(last)])],
    ] as const) {
      const chained = Array.from({ length: 9 }, () => record(root, type, data));
      assert.deepEqual(readReply(query, answerOf([holder, ...chained])), none);
      assert.equal(readReply(query, answerOf([holder, ...chained.slice(1)])).kind, 'answer');
    }
  });

  test('are not followed in records of other types', () => {
    const { holder, last } = chain(8000);
    const data = Buffer.concat([pointer(last), pointer(last), Buffer.alloc(20)]);
    const others = Array.from({ length: 900 }, () => record(root, types.soa, data));
    const reply = readReply(
      query,
      answerOf([holder, ...others, record(pointer(12), types.a, address)]),
    );
    assert.ok(reply.kind === 'answer');
    assert.deepEqual(
      reply.records.map((found) => [found.name, 'data' in found && found.data]),
      [[name, '10.0.0.1']],
    );
  });

  test('lead back, and to names that end', () => {
    const here = query.length;
    for (const owner of [
      pointer(here),
      pointer(here + 30),
      Buffer.concat([Buffer.from([1, 120]), pointer(here)]),
      pointer(0x3fff),
      Buffer.from([0xc0]),
      Buffer.from([0x80, 0]),
      Buffer.from([63, 1, 2]),
    ]) {
      assert.deepEqual(readReply(query, answerOf([record(owner, types.a, address)])), none);
    }
    assert.deepEqual(readReply(query, answerOf([Buffer.from([0xc0])])), none);
  });
});

test('data that is shorter or longer than what it should be is malformed', () => {
  const owner = pointer(12);
  for (const [type, data] of [
    [types.a, address.subarray(1)],
    [types.a, Buffer.concat([address, root])],
    [28, address],
    [types.cname, Buffer.concat([owner, root])],
    [types.cname, Buffer.alloc(0)],
    [types.srv, Buffer.alloc(6)],
    [types.srv, Buffer.concat([Buffer.alloc(6), owner, root])],
  ] as const) {
    assert.deepEqual(readReply(query, answerOf([record(owner, type, data)])), none);
  }
});

test('reads the records that are meant from among others', () => {
  const answers: Answer[] = [
    { name, type: 'TXT', class: 'IN', ttl: 1, data: ['note'] },
    alias(name, 'web.test'),
    { name, type: 'DNAME', class: 'IN', ttl: 1, data: 'other.test' },
    ...addresses('web.test', ['10.0.0.1', '2001:db8::1']),
    service('_http._tcp.orders.test', 'web.test', 80, { priority: 1, weight: 2 }),
  ];
  const message = encode({
    id: 7,
    type: 'response',
    flags: 0x0180,
    questions: [{ name, type: 'A', class: 'IN' }],
    answers,
  });
  const reply = readReply(query, message);
  assert.ok(reply.kind === 'answer');
  assert.deepEqual(
    reply.records.map((found) => [found.name, found.type, 'data' in found && found.data]),
    [
      [name, 'CNAME', 'web.test'],
      ['web.test', 'A', '10.0.0.1'],
      ['web.test', 'AAAA', '2001:db8::1'],
      ['_http._tcp.orders.test', 'SRV', { target: 'web.test', port: 80, priority: 1, weight: 2 }],
    ],
  );
});
