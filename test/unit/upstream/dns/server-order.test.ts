import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TcpAddress } from '../../../../lib/config/address.js';
import { ServerOrder } from '../../../../lib/upstream/dns/server-order.js';
import { ManualClock } from '../../../support/manual-clock.js';

const servers = [1, 2, 3].map(server);

function server(number: number): TcpAddress {
  return { kind: 'tcp', host: `10.0.${number >> 8}.${number & 255}`, port: 53 };
}

function numbersOf(found: readonly TcpAddress[]): string[] {
  return found.map(({ host }) => host.slice(-1));
}

test('servers are asked in their order, or each first in turn', () => {
  const order = new ServerOrder(new ManualClock());
  assert.deepEqual(numbersOf(order.sort(servers, false)), ['1', '2', '3']);
  assert.deepEqual(numbersOf(order.sort(servers, true)), ['1', '2', '3']);
  assert.deepEqual(numbersOf(order.sort(servers, true)), ['2', '3', '1']);
  assert.deepEqual(numbersOf(order.sort(servers, true)), ['3', '1', '2']);
  assert.deepEqual(order.sort([], true), []);
});

test('one that was silent comes after the others for ten seconds, or until it answers', () => {
  const clock = new ManualClock();
  const order = new ServerOrder(clock);
  order.avoid(server(1));
  assert.deepEqual(numbersOf(order.sort(servers, false)), ['2', '3', '1']);
  clock.advance(10_000);
  assert.deepEqual(numbersOf(order.sort(servers, false)), ['1', '2', '3']);
  order.avoid(server(2));
  order.trust(server(2));
  assert.deepEqual(numbersOf(order.sort(servers, false)), ['1', '2', '3']);
});

test('it remembers the last few only', () => {
  const order = new ServerOrder(new ManualClock());
  for (let number = 1; number <= 1000; number++) {
    order.avoid(server(number));
  }
  assert.deepEqual(numbersOf(order.sort([server(1), server(2)], false)), ['1', '2'], 'forgotten');
  assert.deepEqual(order.sort([server(1000), server(1)], false), [server(1), server(1000)]);
});
