import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEndpointSlice, type SliceObject } from '../../../lib/kubernetes/endpoint-slice.js';
import { ServiceHosts } from '../../../lib/kubernetes/service-hosts.js';
import { endpointSlice, type SliceParts } from '../../support/kubernetes-api-server.js';

const orders = { service: 'orders', namespace: 'default' };

function slice(name: string, addresses: readonly string[], parts: Partial<SliceParts> = {}) {
  const pods = addresses.map((address) => ({ address }));
  const found = readEndpointSlice(endpointSlice({ name, service: 'orders', pods, ...parts }));
  // What the builder makes is an object of the API.
  return found as SliceObject;
}

function addresses(hosts: ServiceHosts, service = orders): string[] {
  return hosts.hosts(service).map((host) => `${host.ip_address}:${host.port}`);
}

test('a service has the hosts of all its slices, in an order that does not depend on theirs', () => {
  const hosts = new ServiceHosts();
  hosts.put(slice('orders-b', ['10.0.0.3']));
  hosts.put(slice('orders-a', ['10.0.0.1', '10.0.0.2']));
  hosts.put(slice('users-a', ['10.0.0.9'], { service: 'users' }));
  hosts.put(slice('orders-c', ['10.0.0.8'], { namespace: 'shop' }));
  assert.deepEqual(addresses(hosts), ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
  assert.deepEqual(addresses(hosts, { service: 'nobody', namespace: 'default' }), []);
});

test('zones are tags', () => {
  const hosts = new ServiceHosts();
  const pods = [{ address: '10.0.0.1', zone: 'eu-1a' }, { address: '10.0.0.2' }];
  hosts.put(slice('orders', [], { pods }));
  assert.deepEqual(hosts.hosts(orders), [
    { ip_address: '10.0.0.1', port: 80, tags: { az: 'eu-1a' } },
    { ip_address: '10.0.0.2', port: 80 },
  ]);
});

test('a pod that is in two slices for a moment counts once', () => {
  const hosts = new ServiceHosts();
  hosts.put(slice('orders-a', ['10.0.0.1', '10.0.0.2']));
  hosts.put(slice('orders-b', ['10.0.0.2', '10.0.0.3']));
  assert.deepEqual(addresses(hosts), ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
});

test('of a service with both families, IPv4 counts; of one with IPv6 alone, that', () => {
  const hosts = new ServiceHosts();
  hosts.put(slice('orders-6', ['fd00::1'], { addressType: 'IPv6' }));
  assert.deepEqual(addresses(hosts), ['fd00::1:80']);
  hosts.put(slice('orders-4', ['10.0.0.1']));
  assert.deepEqual(addresses(hosts), ['10.0.0.1:80']);
  hosts.put(slice('orders-4', []));
  assert.deepEqual(addresses(hosts), [], 'not ready is no reason to change the family');
});

test('IPv4 addresses without the port do not hide the IPv6 ones that have it', () => {
  const hosts = new ServiceHosts();
  hosts.put(slice('orders-6', ['fd00::1'], { addressType: 'IPv6' }));
  // What the API has in the place of a family in which there is no pod.
  hosts.put(slice('orders-4', [], { ports: [] }));
  assert.deepEqual(addresses(hosts), ['fd00::1:80']);
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'admin', port: 9000 },
  ];
  hosts.put(slice('orders-4', ['10.0.0.1'], { ports: ports.slice(0, 1) }));
  assert.deepEqual(addresses(hosts), ['fd00::1:80']);
  hosts.put(slice('orders-4', ['10.0.0.1'], { ports }));
  assert.deepEqual(addresses(hosts), ['10.0.0.1:9000']);
  const named = hosts.hosts({ ...orders, port: 'http' });
  assert.deepEqual(named, [{ ip_address: 'fd00::1', port: 80 }]);
});

test('pods that lack a port of the service do not make another one its first', () => {
  const hosts = new ServiceHosts();
  const admin = { name: 'admin', port: 9000 };
  hosts.put(slice('orders-a', ['10.0.0.1'], { ports: [admin] }));
  hosts.put(slice('orders-b', ['10.0.0.2'], { ports: [{ name: 'web', port: 80 }, admin] }));
  assert.deepEqual(addresses(hosts), ['10.0.0.2:80']);
});

test('the first port counts, by its name where its number differs, or the one that is named', () => {
  const hosts = new ServiceHosts();
  const web = { name: 'web', port: 8080 };
  hosts.put(slice('orders-a', ['10.0.0.1'], { ports: [web, { name: 'admin', port: 1 }] }));
  const swapped = [
    { name: 'admin', port: 2 },
    { name: 'web', port: 8081 },
  ];
  hosts.put(slice('orders-b', ['10.0.0.2'], { ports: swapped }));
  hosts.put(slice('orders-c', ['10.0.0.3'], { ports: [] }));
  assert.deepEqual(addresses(hosts), ['10.0.0.1:8080', '10.0.0.2:8081']);
  const named = (port: string): string[] =>
    hosts.hosts({ ...orders, port }).map((host) => `${host.ip_address}:${host.port}`);
  assert.deepEqual(named('admin'), ['10.0.0.1:1', '10.0.0.2:2']);
  assert.deepEqual(named('nothing'), []);
});

test('says which services a change concerns, also when a slice changes hands', () => {
  const hosts = new ServiceHosts();
  assert.deepEqual(hosts.put(slice('a', ['10.0.0.1'])), ['orders.default']);
  assert.deepEqual(hosts.put(slice('a', ['10.0.0.2'])), ['orders.default']);
  const moved = slice('a', ['10.0.0.2'], { service: 'users' });
  assert.deepEqual(hosts.put(moved), ['orders.default', 'users.default']);
  assert.deepEqual(addresses(hosts), []);
  assert.deepEqual(hosts.put({ key: 'default/a', slice: undefined }), ['users.default']);
  assert.deepEqual(hosts.remove('default/a'), []);
  assert.equal(hosts.sliceCount, 0);
  hosts.put(slice('a', ['10.0.0.1']));
  assert.deepEqual(hosts.remove('default/a'), ['orders.default']);
  assert.deepEqual(hosts.remove('default/a'), []);
});

test('a new list replaces everything', () => {
  const hosts = new ServiceHosts();
  hosts.put(slice('a', ['10.0.0.1']));
  hosts.put(slice('b', ['10.0.0.2'], { service: 'users' }));
  hosts.replaceAll([slice('c', ['10.0.0.3'])]);
  assert.deepEqual(addresses(hosts), ['10.0.0.3:80']);
  assert.deepEqual(addresses(hosts, { service: 'users', namespace: 'default' }), []);
  assert.equal(hosts.sliceCount, 1);
});
