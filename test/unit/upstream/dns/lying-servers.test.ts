import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { type Answer, encode } from 'dns-packet';
import { DnsFixture } from '../../../support/dns-fixture.js';
import { addresses, codes, lengthOf, type ReceivedQuery } from '../../../support/dns-server.js';
import { until } from '../../../support/until.js';

const truth = '10.0.0.1';
const lie = '10.6.6.6';

function tell(query: ReceivedQuery, address: string): Buffer {
  return query.encode({ answers: addresses(query.name, [address]) });
}

/** The records of a name with so many addresses. */
function manyAddresses(name: string, count: number): Answer[] {
  return addresses(
    name,
    Array.from({ length: count }, (_, i) => `10.1.${i >> 8}.${i & 255}`),
  );
}

/** Starts a server whose first word is a lie, and whose second is the truth. */
async function startLiar(t: TestContext, lieOf: (query: ReceivedQuery) => Buffer) {
  const fixture = await DnsFixture.start(t);
  fixture.server.handler = (query) => {
    query.send(lieOf(query));
    query.send(tell(query, truth));
  };
  return fixture;
}

describe('what is no answer to the question is passed over and counted:', () => {
  const lies: Record<string, (query: ReceivedQuery) => Buffer> = {
    'another id': (query) =>
      query.encode({ id: (query.id + 1) & 0xffff, answers: addresses(query.name, [lie]) }),
    'another name': (query) =>
      query.encode({ name: 'other.test', answers: addresses(query.name, [lie]) }),
    'another case': (query) =>
      query.encode({ name: query.name.toUpperCase(), answers: addresses(query.name, [lie]) }),
    'another type': (query) =>
      encode({
        id: query.id,
        type: 'response',
        questions: [{ name: query.name, type: 'AAAA' }],
        answers: addresses(query.name, [lie]),
      }),
    'no question': (query) =>
      encode({ id: query.id, type: 'response', answers: addresses(query.name, [lie]) }),
    'no such name, and no question': (query) =>
      encode({ id: query.id, type: 'response', flags: 0x0180 | codes.noSuchName }),
    'an error with another id, and no question': (query) =>
      encode({ id: query.id ^ 1, type: 'response', flags: 0x0180 | codes.refused }),
    'a question': (query) => query.encode({ type: 'query', answers: addresses(query.name, [lie]) }),
    'another operation': (query) =>
      query.encode({ flags: 0x2180, answers: addresses(query.name, [lie]) }),
    'nothing at all': () => Buffer.alloc(0),
    'eleven bytes': (query) => tell(query, lie).subarray(0, 11),
    garbage: () => Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'),
    'an answer that is cut off': (query) => tell(query, lie).subarray(0, -2),
    'an answer that says too many': (query) => {
      const bytes = tell(query, lie);
      bytes.writeUInt16BE(9, 6);
      return bytes;
    },
    'a name that points to itself': (query) => {
      const bytes = tell(query, lie);
      const owner = bytes.indexOf(Buffer.from([6, ...Buffer.from('orders')]), 13);
      bytes.writeUInt16BE(0xc000 + owner, owner);
      return bytes;
    },
  };
  for (const [name, lieOf] of Object.entries(lies)) {
    test(name, async (t) => {
      const fixture = await startLiar(t, lieOf);
      assert.deepEqual(await fixture.addresses('orders.test'), [truth]);
      assert.equal(fixture.client.stats.answerIgnored, 1);
    });
  }

  test('a server that says nothing else has said nothing', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.writeResolvConf('options attempts:1');
    fixture.server.handler = (query) => query.send(query.encode({ id: query.id ^ 1 }));
    const found = fixture.addresses('orders.test');
    await until(() => fixture.client.stats.answerIgnored === 1, 'the lie has come');
    fixture.clock.advance(2000);
    assert.equal(await found, `${fixture.server.hostPort}: no answer`);
  });
});

for (const [name, code] of Object.entries({ SERVFAIL: 2, NOTIMP: 4, REFUSED: 5, 'code 9': 9 })) {
  test(`a server that says ${name} and repeats no question cannot tell, at once`, async (t) => {
    const fixture = await DnsFixture.start(t, 2);
    const [first, second] = fixture.servers;
    assert.ok(first !== undefined && second !== undefined);
    const refuse = (query: ReceivedQuery): void =>
      query.send(encode({ id: query.id, type: 'response', flags: 0x0180 | code }));
    first.handler = refuse;
    second.handler = (query) => query.send(tell(query, truth));
    // The time of the fixture stands still, so nobody waits for a time-out.
    assert.deepEqual(await fixture.addresses('orders.test'), [truth]);
    second.handler = refuse;
    assert.equal(await fixture.addresses('orders.test'), `${second.hostPort} answers ${name}`);
    assert.equal(fixture.client.stats.answerIgnored, 0);
  });
}

test('what another address says is never heard', async (t) => {
  const fixture = await DnsFixture.start(t);
  const stranger = createSocket('udp4');
  stranger.bind(0, '127.0.0.1');
  await once(stranger, 'listening');
  t.after(() => stranger.close());
  fixture.server.handler = (query) => {
    // It knows everything: id, port and question.
    stranger.send(tell(query, lie), query.port, '127.0.0.1', () => {
      query.reply({ answers: addresses(query.name, [truth]) });
    });
  };
  assert.deepEqual(await fixture.addresses('orders.test'), [truth]);
  assert.equal(fixture.client.stats.answerIgnored, 0);
});

test('ids and ports differ from question to question', async (t) => {
  const fixture = await DnsFixture.start(t);
  for (let i = 0; i < 40; i++) {
    await fixture.addresses('orders.test');
  }
  const { queries } = fixture.server;
  assert.ok(new Set(queries.map(({ id }) => id)).size > 30);
  assert.ok(new Set(queries.map(({ port }) => port)).size > 30);
});

test('against somebody who guesses ids the question is put over TCP', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.server.handler = (query) => {
    if (query.transport === 'tcp') {
      query.reply({ answers: addresses(query.name, [truth]) });
      return;
    }
    for (let i = 1; i <= 100; i++) {
      query.send(query.encode({ id: query.id ^ i, answers: addresses(query.name, [lie]) }));
    }
  };
  assert.deepEqual(await fixture.addresses('orders.test'), [truth]);
  assert.equal(fixture.client.stats.answerIgnored, 16);
});

test('records that say nothing of the name are not believed', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.server.handler = (query) =>
    query.reply({
      answers: [
        ...addresses('other.test', [lie]),
        ...addresses(query.name, ['2001:db8::66']),
        { name: query.name, type: 'A', class: 'CH', ttl: 1, data: lie },
        ...addresses(query.name, [truth], 9),
      ],
    });
  const result = await fixture.find('orders.test');
  assert.ok(result.kind === 'answer');
  assert.deepEqual(
    result.hosts.map(({ address }) => address),
    [truth],
  );
  assert.equal(result.ttlMs, 9000);
});

test('a time to live is what it says, none if it is absurd', async (t) => {
  const fixture = await DnsFixture.start(t);
  for (const [ttl, expected] of [
    [0, 0],
    [1, 1000],
    [2 ** 31 - 1, (2 ** 31 - 1) * 1000],
    [2 ** 31, 0],
    [2 ** 32 - 1, 0],
  ] as const) {
    fixture.server.handler = (query) =>
      query.reply({ answers: addresses(query.name, [truth], ttl) });
    const result = await fixture.find('orders.test');
    assert.equal(result.kind === 'answer' && result.ttlMs, expected, `${ttl}`);
  }
});

describe('an answer that is too large for UDP', () => {
  test('is fetched over TCP', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = manyAddresses('orders.test', 500);
    const found = await fixture.addresses('orders.test');
    assert.equal(found.length, 500);
    assert.deepEqual(fixture.server.asked, ['udp A orders.test', 'tcp A orders.test']);
    assert.equal(fixture.client.stats.queryTcpTotal, 1);
  });

  test('may be cut anywhere, as long as it says so', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.handler = (query) =>
      query.transport === 'tcp'
        ? query.reply({ answers: addresses(query.name, [truth]) })
        : query.send(
            query
              .encode({ flags: 0x8380, answers: manyAddresses(query.name, 100) })
              .subarray(0, 501),
          );
    assert.deepEqual(await fixture.addresses('orders.test'), [truth]);
  });

  test('has its first thousand records read', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.records = manyAddresses('orders.test', 2000);
    assert.equal((await fixture.addresses('orders.test')).length, 1000);
  });

  test('may come in pieces', async (t) => {
    const fixture = await DnsFixture.start(t);
    fixture.server.handler = (query) => {
      if (query.transport === 'udp') {
        query.reply({ flags: 0x8380 });
        return;
      }
      const message = tell(query, truth);
      const bytes = Buffer.concat([lengthOf(message), message]);
      // Ten turns of the event loop are enough for each to arrive by itself.
      const sendNext = (turn: number): void => {
        if (turn % 10 === 0) {
          query.send(bytes.subarray(turn / 10, turn / 10 + 1));
        }
        if (turn < 10 * bytes.length) {
          setImmediate(sendNext, turn + 1);
        }
      };
      sendNext(0);
    };
    assert.deepEqual(await fixture.addresses('orders.test'), [truth]);
  });

  const failures: Record<string, [(query: ReceivedQuery) => void, RegExp]> = {
    'is not had if the connection is closed at once': [
      (query) => query.end(),
      /the connection was closed/,
    ],
    'is not had if the connection is closed in the middle': [
      (query) => {
        const message = tell(query, truth);
        query.send(Buffer.concat([lengthOf(message), message.subarray(0, 20)]));
        query.end();
      },
      /the connection was closed/,
    ],
    'is not had if the length lies: too short': [
      (query) => query.send(Buffer.concat([Buffer.from([0, 20]), tell(query, truth)])),
      /not to be used: its question is another/,
    ],
    'is not had if the length lies: nothing': [
      (query) => query.send(Buffer.concat([Buffer.from([0, 0]), tell(query, truth)])),
      /not to be used: it is too short/,
    ],
    'is not had if it is another one': [
      (query) => {
        const message = query.encode({ id: query.id ^ 1 });
        query.send(Buffer.concat([lengthOf(message), message]));
      },
      /not to be used: its id is another/,
    ],
    'is not had if it is cut off over TCP, too': [
      (query) => {
        const message = query.encode({ flags: 0x8380 });
        query.send(Buffer.concat([lengthOf(message), message]));
      },
      /the answer over TCP is cut off/,
    ],
  };
  for (const [name, [react, reason]] of Object.entries(failures)) {
    test(name, async (t) => {
      const fixture = await DnsFixture.start(t);
      fixture.writeResolvConf('options attempts:1');
      fixture.server.handler = (query) =>
        query.transport === 'tcp' ? react(query) : query.reply({ flags: 0x8380 });
      assert.match(`${await fixture.addresses('orders.test')}`, reason);
    });
  }

  for (const [name, react] of [
    ['the length lies: too long', (query: ReceivedQuery) => query.send(Buffer.from([255, 255, 0]))],
    ['nothing comes', () => {}],
  ] as const) {
    test(`is waited for no longer than any other one if ${name}`, async (t) => {
      const fixture = await DnsFixture.start(t);
      fixture.writeResolvConf('options attempts:1');
      let isAsked = false;
      fixture.server.handler = (query) => {
        if (query.transport === 'udp') {
          query.reply({ flags: 0x8380 });
        } else {
          react(query);
          isAsked = true;
        }
      };
      const found = fixture.addresses('orders.test');
      await until(() => isAsked, 'it is asked for');
      fixture.clock.advance(2000);
      assert.match(`${await found}`, /no answer/);
    });
  }
});

test('random bytes in place of an answer never do more than nothing', async (t) => {
  const fixture = await DnsFixture.start(t);
  fixture.writeResolvConf('options attempts:1');
  let seed = 1;
  const random = (limit: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % limit;
  };
  for (let round = 0; round < 300; round++) {
    fixture.server.handler = (query) => {
      const bytes = query.encode({ answers: manyAddresses(query.name, 3) });
      for (let i = 0; i < 4; i++) {
        bytes[12 + random(bytes.length - 12)] = random(256);
      }
      query.send(bytes);
      query.send(tell(query, truth));
    };
    const result = await fixture.find(`n${round}.test`);
    assert.ok(
      result.kind === 'failure' || result.hosts.every(({ address }) => /^[\d.]+$/.test(address)),
    );
  }
});
