import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofFamily, parseHostsFile } from '../../../../lib/upstream/dns/hosts-file.js';

test('names and their addresses, over several lines', () => {
  const hosts = parseHostsFile(
    [
      '# static',
      '127.0.0.1 localhost',
      '::1\tlocalhost ip6-localhost # both',
      '10.0.0.1 Orders.Internal orders',
      '10.0.0.2 orders.internal.',
      '10.0.0.1 orders.internal',
    ].join('\r\n'),
  );
  assert.deepEqual(
    [...hosts],
    [
      ['localhost', ['127.0.0.1', '::1']],
      ['ip6-localhost', ['::1']],
      ['orders.internal', ['10.0.0.1', '10.0.0.2']],
      ['orders', ['10.0.0.1']],
    ],
  );
});

test('bad lines are passed over, scopes are kept, IPv6 comes out short', () => {
  const hosts = parseHostsFile(
    '10.0.0 a\nnot an address\n10.0.0.1\nfe80::1%lo0 link\n2001:0db8:0:0::1 long\n\n#10.0.0.9 off',
  );
  assert.deepEqual(
    [...hosts],
    [
      ['link', ['fe80::1%lo0']],
      ['long', ['2001:db8::1']],
    ],
  );
});

test('names that every object has are names like others', () => {
  const hosts = parseHostsFile('10.0.0.1 __proto__ constructor');
  assert.deepEqual(hosts.get('__proto__'), ['10.0.0.1']);
  assert.equal(hosts.get('tostring'), undefined);
});

test('of both families the one that is asked for; auto prefers IPv6', () => {
  const both = ['10.0.0.1', '2001:db8::1', '10.0.0.2'];
  assert.deepEqual(ofFamily(both, 'v4_only'), ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(ofFamily(both, 'v6_only'), ['2001:db8::1']);
  assert.deepEqual(ofFamily(both, 'auto'), ['2001:db8::1']);
  assert.deepEqual(ofFamily(['10.0.0.1'], 'auto'), ['10.0.0.1']);
  assert.deepEqual(ofFamily(['10.0.0.1'], 'v6_only'), []);
});
