import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEndpointSlice } from '../../../lib/kubernetes/endpoint-slice.js';
import { endpointSlice } from '../../support/kubernetes-api-server.js';

test('reads service, ports and the endpoints that are ready, or do not say', () => {
  const found = readEndpointSlice(
    endpointSlice({
      name: 'orders-x7',
      service: 'orders',
      namespace: 'shop',
      pods: [
        { address: '10.0.0.1', zone: 'eu-1a', ready: true },
        { address: '10.0.0.2' },
        { address: '10.0.0.3', ready: false },
      ],
    }),
  );
  assert.deepEqual(found, {
    key: 'shop/orders-x7',
    slice: {
      namespace: 'shop',
      name: 'orders-x7',
      service: 'orders',
      family: 'IPv4',
      ports: [{ name: 'http', port: 80 }],
      endpoints: [
        { address: '10.0.0.1', zone: 'eu-1a' },
        { address: '10.0.0.2', zone: '' },
      ],
    },
  });
});

test('takes ports of TCP alone, and none that stands for all', () => {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'sctp', port: 54, protocol: 'SCTP' },
    { name: 'any', port: null },
    { name: 'zero', port: 0 },
    { name: 'text', port: '80' },
    { port: 8080, protocol: null },
    { name: 'admin', port: 8001 },
  ];
  const found = readEndpointSlice(endpointSlice({ name: 'a', ports }));
  assert.deepEqual(found?.slice?.ports, [
    { name: '', port: 8080 },
    { name: 'admin', port: 8001 },
  ]);
});

test('takes the first address of an endpoint, if it is of the family of the slice', () => {
  const endpoints = [
    { addresses: ['fd00::1', 'fd00::2'] },
    { addresses: ['10.0.0.1'] },
    { addresses: ['a.example.com'] },
    { addresses: [] },
    { addresses: null },
    {},
    null,
    'x',
  ];
  const object = { endpoints };
  const found = readEndpointSlice(endpointSlice({ name: 'a', addressType: 'IPv6', object }));
  assert.deepEqual(found?.slice?.endpoints, [{ address: 'fd00::1', zone: '' }]);
});

test('an object without service, or with names for addresses, tells no hosts', () => {
  const named = endpointSlice({ name: 'a', addressType: 'FQDN' });
  assert.deepEqual(readEndpointSlice(named), { key: 'default/a', slice: undefined });
  const metadata = { name: 'b', namespace: 'default' };
  assert.deepEqual(readEndpointSlice(endpointSlice({ name: 'b', object: { metadata } })), {
    key: 'default/b',
    slice: undefined,
  });
});

test('an object that leaves everything out that it may, has no hosts', () => {
  const object = { ports: null, endpoints: null };
  const found = readEndpointSlice(endpointSlice({ name: 'a', object }));
  assert.deepEqual([found?.slice?.ports, found?.slice?.endpoints], [[], []]);
});

test('what is no object of the API is nothing', () => {
  for (const value of [undefined, null, 1, 'x', [], {}, { metadata: null }, { metadata: {} }]) {
    assert.equal(readEndpointSlice(value), undefined);
  }
});
