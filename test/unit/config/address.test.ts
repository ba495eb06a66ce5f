import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalIp,
  formatAddress,
  formatHostPort,
  isIpAddress,
  parseAddress,
  parseHostPort,
} from '../../../lib/config/address.js';

/** What is wrong with an address, without the sentence's beginning. */
function clauseOf(text: string): string {
  const { problem = 'accepted' } = parseAddress(text);
  return problem.replace(/^.* is not an address: /, '');
}

test('reads TCP addresses with IPv4, IPv6 and names', () => {
  const cases: [url: string, host: string, port: number][] = [
    ['tcp://0.0.0.0:80', '0.0.0.0', 80],
    ['tcp://[::1]:80', '::1', 80],
    ['tcp://[2001:DB8:0:0:0:0:0:1]:65535', '2001:db8::1', 65535],
    ['tcp://[fe80::1%eth0]:0', 'fe80::1%eth0', 0],
    ['tcp://[::ffff:10.0.0.1]:1', '::ffff:10.0.0.1', 1],
    ['tcp://Kubernetes-Envoy-SDS.kube-system:80', 'kubernetes-envoy-sds.kube-system', 80],
    ['tcp://service:8080/', 'service', 8080],
  ];
  for (const [url, host, port] of cases) {
    assert.deepEqual(parseAddress(url), { address: { kind: 'tcp', host, port } });
  }
});

test('reads Unix addresses, absolute and relative', () => {
  for (const path of ['/run/app.sock', 'app.sock', '/with blank']) {
    assert.deepEqual(parseAddress(`unix://${path}`), { address: { kind: 'unix', path } });
  }
});

test('quotes what stands there', () => {
  assert.deepEqual(parseAddress('tcp://:80'), {
    problem: '"tcp://:80" is not an address: the host before the colon is missing',
  });
});

test('says what is wrong and how to mend it', () => {
  const scheme = 'it must begin with "tcp://" or "unix://"';
  const cases: [url: string, clause: string][] = [
    ['', `${scheme}, as in "tcp://127.0.0.1:80"`],
    ['0.0.0.0:80', `${scheme}; write "tcp://0.0.0.0:80"`],
    ['http://10.0.0.1:80/', `${scheme}; write "tcp://10.0.0.1:80"`],
    ['TCP://10.0.0.1:80', `${scheme}; write "tcp://10.0.0.1:80"`],
    ['//10.0.0.1:80', `${scheme}; write "tcp://10.0.0.1:80"`],
    ['/run/app.sock', `${scheme}; write "unix:///run/app.sock"`],
    ['80', scheme],
    ['tcp://', 'the host and the port are missing'],
    ['tcp://10.0.0.1', 'the port is missing; write "10.0.0.1:80" with the port you mean'],
    ['tcp://10.0.0.1:', 'the port must be a number from 0 to 65535, found ""'],
    ['tcp://10.0.0.1:http', 'the port must be a number from 0 to 65535, found "http"'],
    ['tcp://10.0.0.1:65536', 'the port must be a number from 0 to 65535, found "65536"'],
    ['tcp://10.0.0.1:-1', 'the port must be a number from 0 to 65535, found "-1"'],
    ['tcp://10.0.0.1:80/x', 'the port must be a number from 0 to 65535, found "80/x"'],
    ['tcp://::1:80', 'an IPv6 address stands in brackets, as in [::1]:80'],
    ['tcp://[::1]', 'the port is missing behind the brackets, as in [::1]:80'],
    ['tcp://[::1', 'the brackets must hold an IPv6 address, as in [::1]:80'],
    ['tcp://[10.0.0.1]:80', 'the brackets must hold an IPv6 address, as in [::1]:80'],
    ['tcp://a b:80', 'the host may only hold letters, digits, dots and hyphens'],
    ['tcp://bücher:80', 'the host may only hold letters, digits, dots and hyphens'],
    ['unix://', 'the path is missing; write the path of the socket, as in "unix:///run/app.sock"'],
    ['unix:///a\u0000b', 'the path holds a control character'],
    [`unix:///${'x'.repeat(107)}`, 'the path is 108 bytes long, expected at most 107'],
  ];
  for (const [url, clause] of cases) {
    assert.equal(clauseOf(url), clause);
  }
});

test('reads host and port without a scheme', () => {
  assert.deepEqual(parseHostPort('[::1]:9080'), {
    address: { kind: 'tcp', host: '::1', port: 9080 },
  });
  assert.deepEqual(parseHostPort('Kubernetes-Envoy-SDS.kube-system:80'), {
    address: { kind: 'tcp', host: 'kubernetes-envoy-sds.kube-system', port: 80 },
  });
  assert.deepEqual(parseHostPort('tcp://a:80'), {
    problem:
      '"tcp://a:80" is not a host and port: an IPv6 address stands in brackets, as in [::1]:80',
  });
});

test('formats what it has read, and reads what it has formatted', () => {
  for (const url of ['tcp://0.0.0.0:80', 'tcp://[::1]:80', 'tcp://service:1', 'unix:///x']) {
    const { address } = parseAddress(url);
    assert.ok(address);
    assert.equal(formatAddress(address), url);
  }
  assert.equal(formatHostPort({ kind: 'tcp', host: '::1', port: 80 }), '[::1]:80');
  assert.equal(formatHostPort({ kind: 'tcp', host: '10.0.0.1', port: 80 }), '10.0.0.1:80');
});

test('tells IP addresses from names and spells equal ones alike', () => {
  assert.ok(isIpAddress('10.0.0.1') && isIpAddress('::1'));
  assert.ok(!isIpAddress('10.0.0.256') && !isIpAddress('localhost') && !isIpAddress('[::1]'));
  assert.equal(canonicalIp('0:0::0:1'), '::1');
  assert.equal(canonicalIp('10.0.0.1'), '10.0.0.1');
});
