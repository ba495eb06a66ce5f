import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Json, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

interface Ring {
  readonly proxy: TestProxy;
  readonly hosts: readonly FakeUpstream[];
  /** Returns the index of the host that serves a user. */
  hostOf(user: string | undefined): Promise<number>;
}

async function startHosts(count: number): Promise<FakeUpstream[]> {
  const hosts: FakeUpstream[] = [];
  for (let i = 0; i < count; i++) {
    hosts.push(await FakeUpstream.start((_request, response) => response.end(String(i))));
  }
  return hosts;
}

async function startRing(
  t: TestContext,
  hosts: readonly FakeUpstream[],
  route: Json = { hash_policy: { header_name: 'X-User' } },
  ringHash: Json = {},
): Promise<Ring> {
  const urls = hosts.map(({ url }) => url);
  const proxy = await TestProxy.start(t, {
    route,
    config: {
      clusters: [
        staticCluster('app', urls, { lb_type: 'ring_hash', ring_hash_lb_config: ringHash }),
      ],
    },
  });
  t.after(() => Promise.all(hosts.map((host) => host.close())));
  const hostOf = async (user: string | undefined): Promise<number> => {
    const { text } = await proxy.send({ headers: user === undefined ? {} : { 'x-user': user } });
    return Number(text);
  };
  return { proxy, hosts, hostOf };
}

const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);

async function hostsOf(ring: Ring): Promise<number[]> {
  const found: number[] = [];
  for (const user of users) {
    found.push(await ring.hostOf(user));
  }
  return found;
}

test('hash_policy: requests with the same header go to the same host', async (t) => {
  const ring = await startRing(t, await startHosts(4));
  const first = await hostsOf(ring);
  assert.deepEqual(await hostsOf(ring), first);
  assert.equal(new Set(first).size, 4);
});

test('when a host is gone only its users move', async (t) => {
  const hosts = await startHosts(4);
  // One point a host, as the number of points depends on the number of hosts.
  const ring = { minimum_ring_size: 1 };
  const before = await hostsOf(await startRing(t, hosts, undefined, ring));
  const [gone] = before;
  const rest = hosts.filter((_host, i) => i !== gone);
  const after = await hostsOf(await startRing(t, rest, undefined, ring));
  for (const [i, host] of before.entries()) {
    if (host === gone) {
      assert.notEqual(after[i], gone);
    } else {
      assert.equal(after[i], host);
    }
  }
});

test('requests without the header go to any host', async (t) => {
  const ring = await startRing(t, await startHosts(2));
  const found = new Set<number>();
  for (let i = 0; i < 60 && found.size < 2; i++) {
    found.add(await ring.hostOf(undefined));
  }
  assert.equal(found.size, 2);
});

test('so do those of a route without a hash_policy', async (t) => {
  const ring = await startRing(t, await startHosts(2), {});
  const found = new Set<number>();
  for (let i = 0; i < 60 && found.size < 2; i++) {
    found.add(await ring.hostOf('ada'));
  }
  assert.equal(found.size, 2);
});

test('minimum_ring_size: more points share the users more evenly', async (t) => {
  const hosts = await startHosts(2);
  const coarse = await hostsOf(await startRing(t, hosts, undefined, { minimum_ring_size: 2 }));
  const fine = await hostsOf(await startRing(t, hosts, undefined, { minimum_ring_size: 20_000 }));
  assert.notDeepEqual(coarse, fine);
  const share = fine.filter((host) => host === 0).length;
  assert.ok(share > 8 && share < 32, `${share} of 40`);
});

test('use_std_hash: the hosts are the same either way, as xxHash is used', async (t) => {
  const hosts = await startHosts(3);
  const std = await hostsOf(await startRing(t, hosts, undefined, { use_std_hash: true }));
  const xx = await hostsOf(await startRing(t, hosts, undefined, { use_std_hash: false }));
  assert.deepEqual(std, xx);
});
