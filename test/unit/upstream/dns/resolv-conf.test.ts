import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResolvConf } from '../../../../lib/upstream/dns/resolv-conf.js';

function serversOf(text: string): string[] {
  return parseResolvConf(text).nameservers.map(({ host, port }) => `${host} ${port}`);
}

test('reads servers, domains and options', () => {
  const text = [
    '# written by the kubelet',
    'nameserver 10.96.0.10',
    'nameserver 2001:db8::53',
    'search default.svc.cluster.local Svc.Cluster.Local. cluster.local',
    'options ndots:5 timeout:1 attempts:4 rotate edns0',
  ].join('\n');
  assert.deepEqual(parseResolvConf(text), {
    nameservers: [
      { kind: 'tcp', host: '10.96.0.10', port: 53 },
      { kind: 'tcp', host: '2001:db8::53', port: 53 },
    ],
    search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    ndots: 5,
    timeoutMs: 1000,
    attempts: 4,
    isRotating: true,
  });
});

test('comments, CRLF, tabs and blank lines are as nothing', () => {
  const text =
    '\r\n; a comment\r\n\tnameserver\t10.0.0.1 # the first\r\n\r\nsearch a.test ; b.test\r\n';
  assert.deepEqual(serversOf(text), ['10.0.0.1 53']);
  assert.deepEqual(parseResolvConf(text).search, ['a.test']);
});

test('a server may have a scope, or a port', () => {
  const text = 'nameserver fe80::1%eth0\nnameserver 10.0.0.1:5353\nnameserver [::1]:5353';
  assert.deepEqual(serversOf(text), ['fe80::1%eth0 53', '10.0.0.1 5353', '::1 5353']);
});

test('lines that say nothing are passed over', () => {
  const text =
    'nameserver\nnameserver dns.test\nnameserver 10.0.0.300\nnameserver 10.0.0.1:0\nserver 10.0.0.1\noptions ndots:x';
  assert.deepEqual(serversOf(text), ['127.0.0.1 53']);
  assert.equal(parseResolvConf(text).ndots, 1);
});

test('the last of search and domain counts', () => {
  assert.deepEqual(parseResolvConf('search a.test\ndomain b.test c.test').search, ['b.test']);
  assert.deepEqual(parseResolvConf('domain b.test\nsearch a.test').search, ['a.test']);
});

test('without a server the one of this machine is asked, with short time-outs', () => {
  assert.deepEqual(parseResolvConf(''), {
    nameservers: [{ kind: 'tcp', host: '127.0.0.1', port: 53 }],
    search: [],
    ndots: 1,
    timeoutMs: 2000,
    attempts: 3,
    isRotating: false,
  });
});

test('options have bounds', () => {
  const { ndots, timeoutMs, attempts } = parseResolvConf(
    'options ndots:99 timeout:0\noptions attempts:1000 timeout:86400',
  );
  assert.deepEqual([ndots, timeoutMs, attempts], [15, 30_000, 5]);
  assert.equal(parseResolvConf('options attempts:0 timeout:0').attempts, 1);
  assert.equal(parseResolvConf('options attempts:0 timeout:0').timeoutMs, 1000);
});

test('thousands of servers and domains are cut', () => {
  const text = Array.from({ length: 5000 }, (_, i) => `nameserver 10.0.${i >> 8}.${i & 255}`);
  const domains = Array.from({ length: 5000 }, (_, i) => `d${i}.test`).join(' ');
  const conf = parseResolvConf(`${text.join('\n')}\nsearch ${domains}`);
  assert.equal(conf.nameservers.length, 8);
  assert.equal(conf.search.length, 32);
});
