import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../../../lib/config/address.js';
import { SocketConnector } from '../../../../lib/upstream/connection/connector.js';

const elsewhere: Address = { kind: 'tcp', host: '127.0.0.1', port: 9080 };

test('connectTo says where an address is really reached', () => {
  const connector = new SocketConnector(
    new Map([
      ['orders:80', elsewhere],
      ['[::1]:80', elsewhere],
    ]),
  );
  assert.equal(connector.resolve({ kind: 'tcp', host: 'orders', port: 80 }), elsewhere);
  assert.equal(connector.resolve({ kind: 'tcp', host: '::1', port: 80 }), elsewhere);
});

test('any other address is reached where it is', () => {
  const connector = new SocketConnector(new Map([['orders:80', elsewhere]]));
  const others: Address[] = [
    { kind: 'tcp', host: 'orders', port: 81 },
    { kind: 'tcp', host: 'users', port: 80 },
    { kind: 'unix', path: 'orders:80' },
  ];
  for (const address of others) {
    assert.equal(connector.resolve(address), address);
    assert.equal(new SocketConnector(new Map()).resolve(address), address);
  }
});
