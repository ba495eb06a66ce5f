import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { test } from 'node:test';
import {
  isInternalAddress,
  isLoopbackAddress,
  localAddress,
  normalizeAddress,
} from '../../../lib/base/ip-address.js';

const internal = [
  '10.0.0.0',
  '10.255.255.255',
  '172.16.0.0',
  '172.31.255.255',
  '192.168.0.1',
  '127.0.0.1',
  '::1',
  'fc00::1',
  'fd12:3456::1',
  'FDFF::1',
];

for (const address of internal) {
  test(`${address} is internal`, () => {
    assert.equal(isInternalAddress(address), true);
  });
}

const external = [
  '9.255.255.255',
  '11.0.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '127.0.0.2',
  '8.8.8.8',
  '0.0.0.0',
  '::',
  '::2',
  'fe80::1',
  '2001:db8::1',
  // Short for 00fc and 00fd, which are of nobody.
  'fc::1',
  'fd::1',
  'fc0::1',
  // Not addresses at all.
  '',
  'localhost',
  '10.0.0',
  '10.0.0.1.example.com',
  '10.0.0.256',
  '010.0.0.1',
  '10.0.0.1, 10.0.0.2',
  '10.0.0.1:80',
  'fdxx::1',
];

for (const address of external) {
  test(`${JSON.stringify(address)} is not internal`, () => {
    assert.equal(isInternalAddress(address), false);
  });
}

test('knows the peers on this machine', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::1']) {
    assert.equal(isLoopbackAddress(address), true);
  }
  for (const address of ['128.0.0.1', '10.0.0.1', '::2', '']) {
    assert.equal(isLoopbackAddress(address), false);
  }
});

test('writes an IPv4 address in IPv6 form as IPv4, and leaves others alone', () => {
  assert.equal(normalizeAddress('::ffff:10.1.2.3'), '10.1.2.3');
  for (const address of ['10.1.2.3', '::1', '::ffff:a01:203', '2001:db8::1', '']) {
    assert.equal(normalizeAddress(address), address);
  }
});

test('finds an IPv4 address of this machine', () => {
  assert.ok(isIPv4(localAddress()));
});
