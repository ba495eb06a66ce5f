import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { ConnectionManager } from '../../lib/downstream/connection-manager.js';
import { Listener } from '../../lib/downstream/listener.js';
import { RouteTable } from '../../lib/router/route-table.js';
import { Cluster } from '../../lib/upstream/cluster.js';
import { Host } from '../../lib/upstream/host.js';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import {
  asks,
  DynamicProxy,
  listener,
  refreshDelayMs,
  startHost,
} from '../support/dynamic-proxy.js';
import type { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { type Outcomes, SteadyLoad } from '../support/steady-load.js';
import { portOf } from '../support/test-sidecar.js';
import { until } from '../support/until.js';

/** Fails unless every request was answered by a host. */
function assertAllServed(outcomes: Outcomes): void {
  const other = [...outcomes].filter(([outcome]) => !/^200 [ab]$/.test(outcome));
  assert.deepEqual(other, []);
}

/** Waits until so many more requests have been answered. */
async function untilMore(load: SteadyLoad, count: number): Promise<void> {
  const goal = load.count + count;
  await until(() => load.count >= goal, 'the load goes on');
}

function everythingTo(cluster: string, host: FakeUpstream, more: Json = {}): ConfigParts {
  return {
    clusters: [staticCluster(cluster, [host.url], more)],
    virtualHosts: [virtualHost(['app.internal', '*'], cluster)],
    manager: { access_log: [] },
  };
}

test('updates of clusters, routes and listeners fail no request', async (t) => {
  const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
  const proxy = await TestProxy.start(t, {
    config: everythingTo('app', a),
    manager: { access_log: [] },
  });
  const { sidecar } = proxy;
  const load = new SteadyLoad(() => proxy.port, sidecar);
  const documents = [
    everythingTo('app', b),
    everythingTo('other', a),
    everythingTo('other', b, { max_requests_per_connection: 3 }),
    { ...everythingTo('other', a), listener: { name: 'renamed' } },
    { ...everythingTo('third', b), listener: { per_connection_buffer_limit_bytes: 65_536 } },
    everythingTo('app', a),
  ];
  for (let round = 0; round < 5; round++) {
    for (const parts of documents) {
      await sidecar.update(buildConfig(parts));
      await untilMore(load, 20);
    }
  }
  assertAllServed(await load.stop());
});

test('clusters, routes and listeners that are discovered fail no request', async (t) => {
  const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
  const cds = (...names: readonly string[]): Json => ({
    clusters: names.map((name, index) =>
      // Time leaps by seconds, and must not find a connection that is being opened just then.
      staticCluster(name, [index === 0 ? a.url : b.url], { connect_timeout_ms: 1e6 }),
    ),
  });
  const rdsTo = (cluster: string): Json => ({
    virtual_hosts: [virtualHost(['app.internal', '*'], cluster)],
  });
  const lds = (limit: number): Json => ({
    listeners: [
      listener('edge', 'tcp://127.0.0.1:0', {
        clusters: [],
        listener: { per_connection_buffer_limit_bytes: limit },
        manager: {
          route_config: undefined,
          rds: {
            cluster: 'discovery',
            route_config_name: 'table',
            refresh_delay_ms: refreshDelayMs,
          },
        },
      }),
    ],
  });
  const fixture = await DynamicProxy.start(
    t,
    { cds: cds('x', 'y'), rds: rdsTo('x'), lds: lds(1000) },
    (discovery) => ({
      clusters: [staticCluster('extra', [a.url])],
      hasListener: false,
      cds: asks(discovery),
      lds: { cluster: 'discovery', refresh_delay_ms: refreshDelayMs },
    }),
  );
  const { sidecar } = fixture.proxy;
  const load = new SteadyLoad(() => portOf(sidecar.listeners[0]?.address), sidecar);
  for (let round = 0; round < 4; round++) {
    await fixture.refresh('rds', rdsTo('y'));
    await untilMore(load, 20);
    await fixture.refresh('cds', cds('y'));
    await untilMore(load, 20);
    await fixture.refresh('cds', cds('x', 'y'));
    await fixture.refresh('lds', lds(2000 + round));
    await untilMore(load, 20);
    await fixture.refresh('rds', rdsTo('x'));
    await untilMore(load, 20);
  }
  assertAllServed(await load.stop());
});

/** How many there are of what comes and goes, when garbage has been collected. */
async function countObjects(): Promise<readonly number[]> {
  await setImmediate();
  return [Cluster, Host, Listener, ConnectionManager, RouteTable].map((kind) =>
    queryObjects(kind, { format: 'count' }),
  );
}

/** The last ones that were replaced may not have been let go yet. */
function assertNoGrowth(before: readonly number[], after: readonly number[]): void {
  assert.ok(
    after.every((count, index) => count <= (before[index] ?? 0) + 3),
    `${before} -> ${after}`,
  );
}

test('100 updates leave nothing behind', async (t) => {
  const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
  const proxy = await TestProxy.start(t, {
    config: everythingTo('app', a),
    manager: { access_log: [] },
  });
  const change = async (index: number): Promise<void> => {
    const parts = everythingTo(`cluster-${index}`, index % 2 === 0 ? a : b);
    const manager = { ...parts.manager, add_user_agent: index % 3 === 0 };
    await proxy.sidecar.update(buildConfig({ ...parts, manager }));
    assert.equal((await proxy.send()).status, 200);
    await proxy.sidecar.request('http://app.internal/').then(({ body }) => body.text());
  };
  for (let index = 0; index < 10; index++) {
    await change(index);
  }
  const before = await countObjects();
  const stats = (await proxy.stats()).size;
  const timers = proxy.clock.timerCount;
  for (let index = 10; index < 110; index++) {
    await change(index);
  }
  assertNoGrowth(before, await countObjects());
  assert.equal((await proxy.stats()).size, stats);
  assert.equal(proxy.clock.timerCount, timers);
});

test('200 answers with other clusters leave nothing behind', async (t) => {
  const a = await startHost(t, 'a');
  let asked = 0;
  const answer = (_request: unknown, response: ServerResponse): void => {
    asked++;
    const clusters = [
      staticCluster('changing', [a.url], { connect_timeout_ms: 100 + asked }),
      staticCluster(`cluster-${asked}`, [a.url]),
    ];
    response.end(JSON.stringify({ clusters }));
  };
  const cds = { cluster: staticCluster('cds', [a.url]), refresh_delay_ms: refreshDelayMs };
  const proxy = await TestProxy.start(t, {
    config: {
      clusters: [],
      virtualHosts: [virtualHost(['*'], 'changing')],
      routeConfig: { validate_clusters: false },
      cds,
    },
    manager: { access_log: [] },
    options: { mount: { cds: answer } },
    environment: { random: new ScriptedRandom(0) },
  });
  const untilAsked = async (count: number): Promise<void> => {
    while (asked < count) {
      const before = asked;
      // A question follows when the answer before it has been taken.
      await until(() => {
        proxy.clock.advance(refreshDelayMs);
        return asked > before;
      }, 'the service is asked');
      if (asked % 10 === 0) {
        assert.equal((await proxy.send()).text, 'a');
      }
    }
  };
  await untilAsked(20);
  const before = await countObjects();
  const stats = (await proxy.stats()).size;
  const timers = proxy.clock.timerCount;
  await untilAsked(220);
  assertNoGrowth(before, await countObjects());
  const after = await proxy.stats();
  assert.equal(after.size, stats);
  assert.equal(proxy.clock.timerCount, timers);
  assert.ok((after.get('cluster_manager.cds.config_reload') ?? 0) >= 219);
});
