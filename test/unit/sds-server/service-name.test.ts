import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServiceName } from '../../../lib/sds-server/service-name.js';

test('splits a full name into service and namespace', () => {
  assert.deepEqual(parseServiceName('orders.shop.svc.cluster.local', 'svc.cluster.local'), {
    service: 'orders',
    namespace: 'shop',
  });
});

test('takes names with svc when the domain is given as Kubernetes gives it', () => {
  const expected = { service: 'orders', namespace: 'shop' };
  assert.deepEqual(parseServiceName('orders.shop.svc.cluster.local', 'cluster.local'), expected);
  assert.deepEqual(parseServiceName('orders.shop.cluster.local', 'cluster.local'), expected);
});

test('a port may be named in front, as in the DNS of Kubernetes', () => {
  const expected = { service: 'orders', namespace: 'shop', port: 'http' };
  for (const domain of ['svc.cluster.local', 'cluster.local']) {
    const name = '_http._tcp.orders.shop.svc.cluster.local';
    assert.deepEqual(parseServiceName(name, domain), expected);
  }
});

test('knows no name of another form', () => {
  const names = [
    '',
    'orders',
    'orders.shop',
    'svc.cluster.local',
    'orders.svc.cluster.local',
    '.shop.svc.cluster.local',
    'orders..svc.cluster.local',
    'a.orders.shop.svc.cluster.local',
    '_http._udp.orders.shop.svc.cluster.local',
    'http._tcp.orders.shop.svc.cluster.local',
    '_._tcp.orders.shop.svc.cluster.local',
    '_tcp.orders.shop.svc.cluster.local',
    'a._http._tcp.orders.shop.svc.cluster.local',
    'orders.shop.svc.cluster.locals',
    'orders.shopsvc.cluster.local',
  ];
  for (const name of names) {
    assert.equal(parseServiceName(name, 'svc.cluster.local'), undefined, name);
  }
});
