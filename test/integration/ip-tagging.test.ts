import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { headerValues } from '../support/routing-fixture.js';

/** A proxy with the filter, and what its host gets. */
interface TaggingProxy {
  /** Returns the values of the header with the tags. */
  tagsOf(
    client: string | undefined,
    headers?: Record<string, string | readonly string[]>,
  ): Promise<string[]>;
}

async function start(t: TestContext, config: Json, manager: Json = {}): Promise<TaggingProxy> {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, {
    upstream,
    manager: {
      filters: [
        { name: 'ip_tagging', config },
        { name: 'router', config: {} },
      ],
      ...manager,
    },
  });
  return {
    tagsOf: async (client, headers = {}) => {
      const forwarded = client === undefined ? {} : { 'x-forwarded-for': client };
      const response = await proxy.send({ headers: { ...forwarded, ...headers } });
      assert.equal(response.text, 'hello');
      return headerValues(upstream.requests.at(-1)?.rawHeaders ?? [], 'x-envoy-ip-tags');
    },
  };
}

function tag(ip_tag_name: string, ...ip_list: readonly string[]): Json {
  return { ip_tag_name, ip_list };
}

const inside = '10.1.2.3';
const outside = '203.0.113.7';
const everyone = { ip_tags: [tag('all', '0.0.0.0/0', '::/0')] };

describe('ip_tags', () => {
  test('a request gets the ip_tag_name of every tag whose ip_list holds the client', async (t) => {
    const proxy = await start(t, {
      ip_tags: [
        tag('narrow', '203.0.113.7/32', '198.51.100.0/24'),
        tag('other', '192.0.2.0/24'),
        tag('wide', '203.0.0.0/16', '203.0.113.0/24'),
      ],
    });
    assert.deepEqual(await proxy.tagsOf('203.0.113.7'), ['narrow,wide']);
    assert.deepEqual(await proxy.tagsOf('203.0.113.8'), ['wide']);
    assert.deepEqual(await proxy.tagsOf('198.51.100.255'), ['narrow']);
    assert.deepEqual(await proxy.tagsOf('198.51.101.0'), []);
  });

  test('a range may be of IPv6, or one address without a length', async (t) => {
    const proxy = await start(t, {
      ip_tags: [tag('six', '2001:db8::/32'), tag('one', '203.0.113.7', '2001:db8::1')],
    });
    assert.deepEqual(await proxy.tagsOf('2001:db8:1::5'), ['six']);
    assert.deepEqual(await proxy.tagsOf('2001:DB8::0:1'), ['six,one']);
    assert.deepEqual(await proxy.tagsOf('203.0.113.7'), ['one']);
  });

  test('tags of the same name are one', async (t) => {
    const proxy = await start(t, { ip_tags: [tag('a', '203.0.113.7'), tag('a', '203.0.0.0/16')] });
    assert.deepEqual(await proxy.tagsOf(outside), ['a']);
  });

  test('a name beyond ASCII is sent as UTF-8', async (t) => {
    const proxy = await start(t, { ip_tags: [tag('büro', '0.0.0.0/0')] });
    const [value = ''] = await proxy.tagsOf(outside);
    assert.equal(Buffer.from(value, 'latin1').toString(), 'büro');
  });

  test('the client is whom the peer speaks for, and else the peer', async (t) => {
    const proxy = await start(t, { ip_tags: [tag('peer', '127.0.0.0/8'), tag('b', '192.0.2.2')] });
    assert.deepEqual(await proxy.tagsOf('192.0.2.1, 192.0.2.2'), ['b']);
    assert.deepEqual(await proxy.tagsOf('192.0.2.2, 192.0.2.1'), []);
    assert.deepEqual(await proxy.tagsOf('unknown'), ['peer']);
    assert.deepEqual(await proxy.tagsOf(undefined), ['peer']);
  });

  test('with use_remote_address the client is the peer', async (t) => {
    const config = { ip_tags: [tag('peer', '127.0.0.1'), tag('b', '192.0.2.2')] };
    const proxy = await start(t, config, { use_remote_address: true });
    assert.deepEqual(await proxy.tagsOf('192.0.2.2'), ['peer']);
  });
});

describe('request_type', () => {
  for (const [requestType, isInternalTagged, isExternalTagged] of [
    [undefined, true, true],
    ['both', true, true],
    ['internal', true, false],
    ['external', false, true],
  ] as const) {
    test(`${requestType ?? 'left out'}: which requests are tagged`, async (t) => {
      const type = requestType === undefined ? {} : { request_type: requestType };
      const proxy = await start(t, { ...everyone, ...type });
      assert.deepEqual(await proxy.tagsOf(inside), isInternalTagged ? ['all'] : []);
      assert.deepEqual(await proxy.tagsOf(outside), isExternalTagged ? ['all'] : []);
    });
  }
});

describe('tags that a request brings', () => {
  const there = { 'x-envoy-ip-tags': ['mine', 'own'] };

  test('are added to if it is internal', async (t) => {
    const proxy = await start(t, everyone);
    assert.deepEqual(await proxy.tagsOf(inside, there), ['mine,own,all']);
    assert.deepEqual(await proxy.tagsOf(inside, { 'x-envoy-ip-tags': '' }), ['all']);
  });

  test('stay as they are if it is internal and gets none', async (t) => {
    const proxy = await start(t, { ip_tags: [tag('a', '192.0.2.0/24')] });
    assert.deepEqual(await proxy.tagsOf(inside, { 'x-envoy-ip-tags': 'mine' }), ['mine']);
  });

  test('are replaced if it is not', async (t) => {
    const proxy = await start(t, everyone);
    assert.deepEqual(await proxy.tagsOf(outside, there), ['all']);
  });

  test('are removed if it is not and gets none', async (t) => {
    const none = await start(t, { ip_tags: [tag('a', '192.0.2.0/24')] });
    assert.deepEqual(await none.tagsOf(outside, there), []);
    const internal = await start(t, { ...everyone, request_type: 'internal' });
    assert.deepEqual(await internal.tagsOf(outside, there), []);
  });
});
