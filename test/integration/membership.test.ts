import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { clusterCounts } from '../support/cluster-counts.js';
import type { Json } from '../support/config-builder.js';
import { type DiscoveredHost, DiscoveryFixture, discovered } from '../support/discovery-server.js';
import { answer, CheckedHost, httpCheck } from '../support/health-check-fixture.js';
import { RuntimeTrees } from '../support/runtime-trees.js';
import { until } from '../support/until.js';

/** Time between two checks: many fit between two questions to the discovery service. */
const checkMs = 50;

const check = httpCheck({ timeout_ms: 60_000, healthy_threshold: 1, unhealthy_threshold: 1 });

/** Hosts `a`, `b` and `c`, of which a cluster knows by discovery, and which it checks. */
class Members {
  readonly fixture: DiscoveryFixture;
  readonly hosts: readonly CheckedHost[];

  private constructor(fixture: DiscoveryFixture, hosts: readonly CheckedHost[]) {
    this.fixture = fixture;
    this.hosts = hosts;
  }

  /** `told`: the hosts that the service tells of at first. */
  static async start(
    t: TestContext,
    told = 'abc',
    cluster: Json = { health_check: check },
  ): Promise<Members> {
    const hosts = await CheckedHost.startAll(t, 'a', 'b', 'c');
    const trees = await RuntimeTrees.create(t);
    await trees.publish({ 'envoy/health_check/max_interval': `${checkMs}` });
    const runtime = { symlink_root: trees.link, subdirectory: 'envoy' };
    const first = hosts.filter(({ name }) => told.includes(name));
    const fixture = await DiscoveryFixture.start(
      t,
      first.map(({ upstream }) => discovered(upstream)),
      { cluster, config: { runtime } },
    );
    return new Members(fixture, hosts);
  }

  host(name: string): CheckedHost {
    const host = this.hosts.find((candidate) => candidate.name === name);
    assert.ok(host !== undefined);
    return host;
  }

  /** Lets the service tell of these hosts, and asks it. */
  async tell(names: string, tags: Json = {}): Promise<void> {
    const told: DiscoveredHost[] = [...names].map((name) =>
      discovered(this.host(name).upstream, tags),
    );
    await this.fixture.refresh(told);
    await this.#settle();
  }

  /** Lets the checks of hosts fail or pass, as `/clusters` then shows. */
  async setPassing(name: string, isPassing: boolean): Promise<void> {
    this.host(name).onCheck = answer(isPassing ? 200 : 503);
    this.fixture.proxy.clock.advance(checkMs);
    await this.#settle();
  }

  /** The members by name: in capitals those that pass. */
  async shown(): Promise<string> {
    const lines = await this.lines('health_flags');
    return this.hosts
      .filter(({ address }) => lines.has(address))
      .map(({ name, address }) => (lines.get(address) === 'healthy' ? name.toUpperCase() : name))
      .join('');
  }

  /** What `/clusters` shows of each member. */
  async lines(key: string): Promise<ReadonlyMap<string, string>> {
    const response = await fetch(`http://127.0.0.1:${this.fixture.proxy.adminPort}/clusters`);
    const lines = (await response.text()).matchAll(new RegExp(`^app::(.*)::${key}::(.*)$`, 'gm'));
    return new Map([...lines].map(([, address = '', value = '']) => [address, value]));
  }

  /** Who answers requests, in the order of their names. */
  async answering(): Promise<string> {
    const names = new Set<string>();
    for (let i = 0; i < 6; i++) {
      names.add((await this.fixture.proxy.send()).text);
    }
    return [...names].sort().join('');
  }

  /** Waits until no check is under way, but those that hosts leave unanswered. */
  async #settle(): Promise<void> {
    let open = 1;
    for (let i = 0; i < 5000 && open > 0; i++) {
      const counts = await clusterCounts(
        this.fixture.proxy,
        'app',
        'health_check.attempt',
        'health_check.success',
        'health_check.failure',
      );
      open =
        counts['health_check.attempt'] -
        counts['health_check.success'] -
        counts['health_check.failure'];
    }
    assert.equal(open, 0, 'checks are under way');
  }
}

describe('a host that discovery no longer tells of', () => {
  test('stays and takes requests as long as it passes its checks', async (t) => {
    const members = await Members.start(t);
    for (const told of ['bc', 'c', '']) {
      await members.tell(told);
      assert.equal(await members.shown(), 'ABC');
    }
    assert.equal(await members.answering(), 'abc');
  });

  test('goes with the answer if it fails them', async (t) => {
    const members = await Members.start(t);
    await members.setPassing('a', false);
    assert.equal(await members.shown(), 'aBC');
    await members.tell('bc');
    assert.equal(await members.shown(), 'BC');
  });

  test('goes with the next answer if it fails later, not before and not with a failure', async (t) => {
    const members = await Members.start(t);
    await members.tell('bc');
    await members.setPassing('a', false);
    assert.equal(await members.shown(), 'aBC');
    assert.equal(await members.answering(), 'bc');
    await members.fixture.refresh((_request, response) => response.writeHead(500).end());
    assert.equal(await members.shown(), 'aBC');
    await members.tell('bc');
    assert.equal(await members.shown(), 'BC');
  });

  test('is checked no more when it has gone', async (t) => {
    const members = await Members.start(t);
    await members.setPassing('a', false);
    await members.tell('bc');
    const { upstream, checks } = members.host('a');
    await until(() => upstream.sockets.size === 0, 'nothing is connected to it');
    const count = checks.length;
    await members.setPassing('b', true);
    assert.equal(checks.length, count);
  });

  test('has to pass a check when it is back', async (t) => {
    const members = await Members.start(t);
    await members.setPassing('a', false);
    await members.tell('bc');
    await members.tell('abc');
    assert.equal(await members.shown(), 'aBC');
    await members.setPassing('a', true);
    assert.equal(await members.shown(), 'ABC');
  });

  test('goes at once where hosts are not checked', async (t) => {
    const members = await Members.start(t, 'abc', {});
    await members.tell('bc');
    assert.equal(await members.shown(), 'BC');
    await members.tell('');
    assert.equal(await members.shown(), '');
  });
});

test('a host that discovery tells of stays, although it fails its checks', async (t) => {
  const members = await Members.start(t);
  await members.setPassing('a', false);
  await members.tell('abc');
  assert.equal(await members.shown(), 'aBC');
  assert.equal(await members.answering(), 'bc');
});

test('a new host takes no requests until it has passed', async (t) => {
  const members = await Members.start(t, 'ab');
  members.host('c').onCheck = answer(503);
  await members.tell('abc');
  assert.equal(await members.shown(), 'ABc');
  assert.equal(await members.answering(), 'ab');
  await members.setPassing('c', true);
  assert.equal(await members.answering(), 'abc');
});

test('an answer without hosts takes away only those that fail', async (t) => {
  const members = await Members.start(t);
  await members.setPassing('b', false);
  await members.tell('');
  assert.equal(await members.shown(), 'AC');
});

test('a host that is told of twice is one host', async (t) => {
  const members = await Members.start(t, 'ab');
  await members.tell('aab');
  const stats = await clusterCounts(members.fixture.proxy, 'app', 'membership_total');
  assert.equal(stats.membership_total, 2);
});

test('of a known host only the weight is taken over, which changes no membership', async (t) => {
  const members = await Members.start(t);
  const counts = (): Promise<Record<string, number>> =>
    clusterCounts(members.fixture.proxy, 'app', 'membership_change', 'max_host_weight');
  assert.deepEqual(await counts(), { membership_change: 1, max_host_weight: 1 });
  await members.tell('abc', { az: 'z1', canary: true, load_balancing_weight: 7 });
  assert.deepEqual(await counts(), { membership_change: 1, max_host_weight: 7 });
  const { address } = members.host('a');
  const told = async (): Promise<unknown[]> => [
    (await members.lines('weight')).get(address),
    (await members.lines('zone')).get(address),
    (await members.lines('canary')).get(address),
  ];
  assert.deepEqual(await told(), ['7', '', 'false']);
  await members.setPassing('a', false);
  await members.tell('bc', { load_balancing_weight: 7 });
  await members.tell('abc', { az: 'z1', canary: true, load_balancing_weight: 7 });
  assert.deepEqual(await told(), ['7', 'z1', 'true']);
});
