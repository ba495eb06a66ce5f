import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultRuntime } from '../../../lib/base/runtime.js';
import {
  type ConnectionManagerConfig,
  defaultConnectionManager,
} from '../../../lib/config/connection-manager-config.js';
import { DownstreamConnection } from '../../../lib/downstream/downstream-connection.js';
import {
  applyRequestHeaderRules,
  forwardedClientAddress,
  type RequestOrigin,
} from '../../../lib/downstream/forwarded-headers.js';
import type { HeaderList } from '../../../lib/http/headers.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

const ownAddress = '10.0.0.99';

/** A request after the rules. */
interface Ruled {
  readonly origin: RequestOrigin;
  readonly clientAddress: string;
  /** Returns the values of a header, joined by ` | `. */
  value(name: string): string;
}

/** Applies the rules to a request from `peer`. */
function rule(
  peer: string,
  headers: HeaderList,
  parts: Partial<ConnectionManagerConfig>,
  internalOnlyHeaders: readonly string[] = [],
): Ruled {
  const config = { ...defaultConnectionManager, ...parts };
  const connection = new DownstreamConnection(peer, ownAddress, false, '');
  const origin = applyRequestHeaderRules(headers, connection, {
    config,
    random: new ScriptedRandom(0),
    runtime: defaultRuntime,
    serviceCluster: 'front',
    serviceNode: 'front-1',
    internalOnlyHeaders: new Set(internalOnlyHeaders),
  });
  return {
    origin,
    clientAddress: forwardedClientAddress(config, origin.forwardedFor) ?? connection.remoteAddress,
    value: (name) => headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === name).join(' | '),
  };
}

const edge = { useRemoteAddress: true };
const behindProxy = { useRemoteAddress: false };

describe('with use_remote_address, the peer', () => {
  for (const [peer, forwardedFor, isInternal] of [
    ['10.1.2.3', '10.1.2.3', true],
    ['172.16.0.1', '172.16.0.1', true],
    ['172.31.255.255', '172.31.255.255', true],
    ['172.32.0.1', '172.32.0.1', false],
    ['192.168.9.9', '192.168.9.9', true],
    ['203.0.113.7', '203.0.113.7', false],
    ['127.0.0.1', ownAddress, true],
    ['127.0.0.2', ownAddress, false],
    ['::1', ownAddress, true],
    ['::ffff:127.0.0.1', ownAddress, true],
    ['::ffff:10.1.2.3', '10.1.2.3', true],
    ['::ffff:203.0.113.7', '203.0.113.7', false],
    ['fd00::7', 'fd00::7', true],
    ['fc00::7', 'fc00::7', true],
    ['2001:db8::7', '2001:db8::7', false],
    ['fe80::7', 'fe80::7', false],
  ] as const) {
    test(`${peer} is written as ${forwardedFor}, and is ${isInternal ? '' : 'not '}inside`, () => {
      const { origin, value, clientAddress } = rule(peer, [], edge);
      assert.equal(value('x-forwarded-for'), forwardedFor);
      assert.equal(origin.isInternal, isInternal);
      assert.equal(value('x-envoy-internal'), isInternal ? 'true' : '');
      const address = peer.replace('::ffff:', '');
      assert.equal(value('x-envoy-external-address'), isInternal ? '' : address);
      assert.equal(clientAddress, address);
    });
  }

  test('without an address is outside, and named nowhere', () => {
    const { origin, value, clientAddress } = rule('', [], edge);
    assert.equal(origin.isInternal, false);
    assert.equal(value('x-forwarded-for'), '');
    assert.equal(value('x-envoy-external-address'), '');
    assert.equal(clientAddress, '');
  });

  test('is appended to a list, whatever that holds, and speaks for others then', () => {
    for (const list of ['10.0.0.1', '', 'nonsense', '1.2.3.4:80', 'a,b , c']) {
      const { origin, value, clientAddress } = rule('10.1.2.3', ['x-forwarded-for', list], edge);
      assert.equal(value('x-forwarded-for'), `${list}, 10.1.2.3`);
      assert.equal(origin.isInternal, false, list);
      assert.equal(clientAddress, '10.1.2.3');
    }
  });

  test('is appended to several fields as to one list', () => {
    const headers = ['x-forwarded-for', '1.1.1.1', 'a', 'b', 'x-forwarded-for', '2.2.2.2,3.3.3.3'];
    const { value } = rule('203.0.113.7', headers, edge);
    assert.equal(value('x-forwarded-for'), '1.1.1.1, 2.2.2.2,3.3.3.3, 203.0.113.7');
  });

  test('is appended to a list of a hundred', () => {
    const list = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`).join(', ');
    const { value } = rule('203.0.113.7', ['x-forwarded-for', list], edge);
    assert.equal(value('x-forwarded-for'), `${list}, 203.0.113.7`);
  });

  test('takes the place of what a request says is its address', () => {
    const headers = ['x-envoy-external-address', '1.1.1.1', 'x-envoy-external-address', '2.2.2.2'];
    const { value } = rule('203.0.113.7', headers, edge);
    assert.equal(value('x-envoy-external-address'), '203.0.113.7');
  });
});

describe('behind a trusted proxy, the client', () => {
  for (const [fields, address, isInternal] of [
    [['10.1.2.3'], '10.1.2.3', true],
    [[' 10.1.2.3\t'], '10.1.2.3', true],
    [['fd00::7'], 'fd00::7', true],
    [['::1'], '::1', true],
    [['203.0.113.7'], '203.0.113.7', false],
    [['203.0.113.7,10.1.2.3'], '10.1.2.3', false],
    [['203.0.113.7 ,\t10.1.2.3 '], '10.1.2.3', false],
    [['203.0.113.7', '10.1.2.3'], '10.1.2.3', false],
    [['10.1.2.3', '10.1.2.4'], '10.1.2.4', false],
    [['10.1.2.3,'], '192.0.2.1', false],
    [[',10.1.2.3'], '10.1.2.3', false],
    [[''], '192.0.2.1', false],
    [['10.1.2.3:80'], '192.0.2.1', false],
    [['[::1]:80'], '192.0.2.1', false],
    [['[::1]'], '192.0.2.1', false],
    [['unknown'], '192.0.2.1', false],
    [['10.1.2.03'], '192.0.2.1', false],
    [['10.1.2'], '192.0.2.1', false],
    [[Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`).join(',')], '10.0.0.99', false],
  ] as const) {
    const list = JSON.stringify(fields).slice(0, 60);
    test(`is ${address} with ${list}, ${isInternal ? '' : 'not '}inside`, () => {
      const headers = fields.flatMap((field) => ['x-forwarded-for', field]);
      const { origin, value, clientAddress } = rule('192.0.2.1', headers, behindProxy);
      assert.equal(clientAddress, address);
      assert.equal(origin.isInternal, isInternal);
      assert.equal(value('x-envoy-internal'), isInternal ? 'true' : '');
      assert.equal(value('x-forwarded-for'), fields.join(', '));
    });
  }

  test('is the peer if nobody is named, and outside even if the peer is inside', () => {
    const { origin, value, clientAddress } = rule('10.1.2.3', [], behindProxy);
    assert.equal(clientAddress, '10.1.2.3');
    assert.equal(origin.isInternal, false);
    assert.equal(value('x-forwarded-for'), '');
  });
});

/** Every header of reference 5.7, with the kind of request that may bring it. */
const sanitized: Readonly<Record<string, 'nobody' | 'internal' | 'not edge' | 'everybody'>> = {
  'x-envoy-internal': 'nobody',
  'x-envoy-retry-on': 'internal',
  'x-envoy-retry-grpc-on': 'internal',
  'x-envoy-max-retries': 'internal',
  'x-envoy-upstream-alt-stat-name': 'internal',
  'x-envoy-upstream-rq-timeout-ms': 'internal',
  'x-envoy-upstream-rq-per-try-timeout-ms': 'internal',
  'x-envoy-upstream-rq-timeout-alt-response': 'internal',
  'x-envoy-expected-rq-timeout-ms': 'internal',
  'x-envoy-force-trace': 'internal',
  'x-only-inside': 'internal',
  'x-envoy-decorator-operation': 'not edge',
  'x-envoy-downstream-service-cluster': 'not edge',
  'x-envoy-downstream-service-node': 'not edge',
  'x-envoy-external-address': 'not edge',
  'x-request-id': 'not edge',
  'x-client-trace-id': 'everybody',
  'x-ot-span-context': 'everybody',
  'x-b3-traceid': 'everybody',
  'x-b3-spanid': 'everybody',
  'x-b3-parentspanid': 'everybody',
  'x-b3-sampled': 'everybody',
  'x-b3-flags': 'everybody',
  'x-envoy-of-my-own': 'everybody',
};

describe('what a request may say of itself', () => {
  for (const [kind, peer, parts, forwardedFor, allowed] of [
    ['internal', '10.1.2.3', edge, [], ['internal', 'not edge', 'everybody']],
    ['internal', '8.8.8.8', behindProxy, ['10.1.2.3'], ['internal', 'not edge', 'everybody']],
    ['external', '10.1.2.3', behindProxy, [], ['not edge', 'everybody']],
    ['external', '10.1.2.3', behindProxy, ['8.8.8.8'], ['not edge', 'everybody']],
    ['edge', '8.8.8.8', edge, [], ['everybody']],
    ['edge', '10.1.2.3', edge, ['10.1.2.4'], ['everybody']],
  ] as const) {
    test(`if it is ${kind}, from ${peer} for ${forwardedFor.join() || 'nobody'}`, () => {
      const headers = Object.keys(sanitized).flatMap((name) => [name, 'theirs', name, 'again']);
      headers.push(...forwardedFor.flatMap((value) => ['x-forwarded-for', value]));
      const { value } = rule(peer, headers, parts, ['x-only-inside']);
      for (const [name, who] of Object.entries(sanitized)) {
        // One request id is enough.
        const kept = name === 'x-request-id' ? 'theirs' : 'theirs | again';
        const isAllowed = (allowed as readonly string[]).includes(who);
        assert.equal(value(name).includes('theirs'), isAllowed, name);
        assert.equal(value(name) === kept, isAllowed, name);
      }
    });
  }
});

describe('add_user_agent', () => {
  test('leaves the user agent alone if there is one, and names the own service once', () => {
    const name = 'x-envoy-downstream-service-cluster';
    const headers = ['user-agent', 'curl', name, 'a', name, 'b'];
    const { value } = rule('10.1.2.3', headers, { ...edge, addUserAgent: true });
    assert.equal(value('user-agent'), 'curl');
    assert.equal(value('x-envoy-downstream-service-cluster'), 'front');
    assert.equal(value('x-envoy-downstream-service-node'), 'front-1');
  });

  test('sets a user agent that is empty, and none beside one that is not', () => {
    for (const [fields, expected] of [
      [[], 'front'],
      [[''], 'front'],
      [['curl', ''], 'curl | '],
      [['', 'curl'], ' | curl'],
    ] as const) {
      const headers = fields.flatMap((field) => ['user-agent', field]);
      const { value } = rule('10.1.2.3', headers, { ...edge, addUserAgent: true });
      assert.equal(value('user-agent'), expected);
    }
  });
});

test('takes off what is of the connection, and leaves te and trailer', () => {
  const ofConnection = ['connection', 'upgrade', 'keep-alive', 'proxy-connection'];
  const kept = ['te', 'trailer', 'x-named'];
  const headers = [...ofConnection, 'transfer-encoding', ...kept].flatMap((name) => [
    name,
    'x-named',
  ]);
  const { value } = rule('10.1.2.3', headers, edge);
  for (const name of [...ofConnection, 'transfer-encoding']) {
    assert.equal(value(name), '', name);
  }
  for (const name of kept) {
    assert.equal(value(name), 'x-named', name);
  }
});
