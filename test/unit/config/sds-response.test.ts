import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSdsResponse } from '../../../lib/config/sds-response.js';

const host = { ip_address: '10.0.0.1', port: 5000 };

function problemOf(...hosts: unknown[]): string {
  return parseSdsResponse({ hosts }).problem ?? 'accepted';
}

test('reads hosts with their tags, and fills in the defaults', () => {
  const { hosts } = parseSdsResponse({
    hosts: [
      host,
      {
        ip_address: '2001:DB8:0::2',
        port: 65535,
        tags: { az: 'eu-1a', canary: true, load_balancing_weight: 100 },
      },
      { ip_address: '10.0.0.3', port: 1, tags: {} },
    ],
  });
  assert.deepEqual(hosts, [
    { address: '10.0.0.1', port: 5000, zone: '', canary: false, weight: 1 },
    { address: '2001:db8::2', port: 65535, zone: 'eu-1a', canary: true, weight: 100 },
    { address: '10.0.0.3', port: 1, zone: '', canary: false, weight: 1 },
  ]);
  assert.ok(Object.isFrozen(hosts) && hosts?.every(Object.isFrozen));
});

test('unknown keys are accepted anywhere', () => {
  const answer = {
    hosts: [{ ...host, service: 'a', revision: null, tags: { instance_id: 5 } }],
    env: 'test',
    service: 'b',
  };
  assert.equal(parseSdsResponse(answer).hosts?.length, 1);
});

test('an empty list is an answer', () => {
  assert.deepEqual(parseSdsResponse({ hosts: [] }), { hosts: [] });
});

test('of hosts with the same address and port the first counts', () => {
  const { hosts } = parseSdsResponse({
    hosts: [
      { ip_address: '::1', port: 1, tags: { az: 'first' } },
      { ip_address: '::1', port: 2 },
      { ip_address: '0:0::1', port: 1, tags: { az: 'second' } },
    ],
  });
  assert.deepEqual(
    hosts?.map(({ port, zone }) => [port, zone]),
    [
      [1, 'first'],
      [2, ''],
    ],
  );
});

test('an answer without a list of hosts is refused', () => {
  for (const answer of [{}, { hosts: null }, { hosts: {} }, [], null, 'hosts', 5, undefined]) {
    assert.match(parseSdsResponse(answer).problem ?? '', /^hosts: expected an array, found /);
  }
});

test('one wrong host refuses the answer and is named', () => {
  assert.equal(problemOf(host, 5), 'hosts[1]: expected an object, found 5');
  assert.equal(
    problemOf({ port: 1 }),
    'hosts[0].ip_address: expected an IP address, found nothing',
  );
  assert.equal(
    problemOf({ ...host, ip_address: 'service.local' }),
    'hosts[0].ip_address: expected an IP address, found "service.local"',
  );
  for (const port of [0, 65536, '80', 1.5, null, undefined]) {
    assert.match(
      problemOf({ ...host, port }),
      /^hosts\[0\]\.port: expected an integer from 1 to 65535, found /,
    );
  }
});

test('tags have their types', () => {
  const tags = (value: unknown): string => problemOf({ ...host, tags: value });
  assert.equal(tags(null), 'hosts[0].tags: expected an object, found null');
  assert.equal(tags([]), 'hosts[0].tags: expected an object, found an empty array');
  assert.equal(tags({ az: 1 }), 'hosts[0].tags.az: expected a string, found 1');
  assert.equal(
    tags({ canary: 'yes' }),
    'hosts[0].tags.canary: expected true or false, found "yes"',
  );
  for (const weight of [0, 101, 1.5, '1', null]) {
    assert.match(
      tags({ load_balancing_weight: weight }),
      /^hosts\[0\]\.tags\.load_balancing_weight: expected an integer from 1 to 100, found /,
    );
  }
});

test('tags that are undefined, which JSON cannot say, are as good as none', () => {
  const tags = { az: undefined, canary: undefined, load_balancing_weight: undefined };
  const [first, second] = [
    { ...host, tags },
    { ...host, port: 81, tags: undefined },
  ].flatMap((entry) => parseSdsResponse({ hosts: [entry] }).hosts ?? []);
  assert.deepEqual([first?.zone, first?.canary, first?.weight], ['', false, 1]);
  assert.deepEqual([second?.zone, second?.canary, second?.weight], ['', false, 1]);
});

test('keys that objects inherit are not read', () => {
  const inherited: unknown = Object.create({ hosts: [] });
  assert.match(parseSdsResponse(inherited).problem ?? '', /^hosts: expected an array/);
});
