import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../lib/base/clock.js';
import { createSidecar, validateConfig } from '../../lib/index.js';
import { createKubernetesRegistrations } from '../../lib/kubernetes/kubernetes-registrations.js';
import type {
  Registration,
  RegistrationSource,
  RegistrationSubscriber,
} from '../../lib/upstream/discovery/registration-source.js';
import { clusterCounts } from '../support/cluster-counts.js';
import { buildConfig, type Json, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { KubernetesApiServer } from '../support/kubernetes-api-server.js';
import { TestProxy } from '../support/proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

const serviceName = 'orders.shop.svc.cluster.local';
const cluster: Json = {
  name: 'app',
  type: 'sds',
  service_name: serviceName,
  connect_timeout_ms: 250,
  lb_type: 'round_robin',
};

/** A source that tells what the test says. */
class TestSource implements RegistrationSource {
  readonly subscribers = new Map<string, RegistrationSubscriber>();
  #hosts: readonly Registration[] | Error;

  constructor(hosts: readonly Registration[] | Error) {
    this.#hosts = hosts;
  }

  subscribe(name: string, subscriber: RegistrationSubscriber): { close(): void } {
    this.subscribers.set(name, subscriber);
    this.#tell(subscriber);
    return { close: () => this.subscribers.delete(name) };
  }

  set(hosts: readonly Registration[] | Error): void {
    this.#hosts = hosts;
    for (const subscriber of this.subscribers.values()) {
      this.#tell(subscriber);
    }
  }

  #tell(subscriber: RegistrationSubscriber): void {
    if (this.#hosts instanceof Error) {
      subscriber.onFailure(this.#hosts);
    } else {
      subscriber.onHosts(this.#hosts);
    }
  }
}

async function startHost(t: TestContext, text: string): Promise<FakeUpstream> {
  const host = await FakeUpstream.start((_request, response) => response.end(text));
  t.after(() => host.close());
  return host;
}

function registered({ port }: FakeUpstream): Registration {
  return { ip_address: '127.0.0.1', port };
}

function startProxy(t: TestContext, source: RegistrationSource, sds?: Json): Promise<TestProxy> {
  const config = { clusters: [cluster], ...(sds === undefined ? {} : { sds }) };
  return TestProxy.start(t, { config, options: { registrations: source } });
}

test('a cluster of type sds needs no discovery service if there is a source', async (t) => {
  const [a, b] = [await startHost(t, 'a'), await startHost(t, 'b')];
  const source = new TestSource([registered(a)]);
  const proxy = await startProxy(t, source);
  assert.deepEqual([...source.subscribers.keys()], [serviceName]);
  assert.equal((await proxy.send()).text, 'a');
  source.set([registered(b)]);
  assert.equal((await proxy.send()).text, 'b');
  source.set(new Error('gone'));
  assert.equal((await proxy.send()).text, 'b');
  source.set([]);
  assert.equal((await proxy.send()).status, 503);
  const counts = await clusterCounts(
    proxy,
    'app',
    'update_attempt',
    'update_success',
    'update_failure',
    'membership_change',
  );
  assert.deepEqual(counts, {
    update_attempt: 4,
    update_success: 3,
    update_failure: 1,
    membership_change: 3,
  });
  await proxy.close();
  assert.equal(source.subscribers.size, 0);
});

test('without a source, such a configuration is refused', async () => {
  const config = buildConfig({ clusters: [cluster], sds: undefined as never });
  await assert.rejects(
    createSidecar({ config }),
    /needs a discovery service.*option registrations/,
  );
  assert.equal((await validateConfig(config)).problems.length, 1);
  assert.deepEqual(await validateConfig(config, { registrations: true }), {
    problems: [],
    warnings: [],
  });
});

test('if there are both, the source counts and the discovery service is not asked', async (t) => {
  const host = await startHost(t, 'a');
  const service = await startHost(t, '{"hosts":[]}');
  const source = new TestSource([registered(host)]);
  const proxy = await startProxy(t, source, {
    cluster: staticCluster('discovery', [service.url]),
    refresh_delay_ms: 1000,
  });
  assert.equal((await proxy.send()).text, 'a');
  proxy.clock.advance(10_000);
  assert.equal((await proxy.send()).text, 'a');
  assert.equal(service.requests.length, 0);
});

test('a source that fails at first does not keep the sidecar from starting', async (t) => {
  const host = await startHost(t, 'a');
  const source = new TestSource(new Error('forbidden'));
  const proxy = await startProxy(t, source);
  assert.equal((await proxy.send()).status, 503);
  source.set([registered(host)]);
  assert.equal((await proxy.send()).text, 'a');
});

test('clusters that come and go with an updated configuration subscribe and leave', async (t) => {
  const host = await startHost(t, 'a');
  const source = new TestSource([registered(host)]);
  const proxy = await startProxy(t, source);
  const users = { ...cluster, name: 'users', service_name: 'users.shop.svc.cluster.local' };
  await proxy.sidecar.update(buildConfig({ clusters: [cluster, users] }));
  assert.deepEqual([...source.subscribers.keys()], [serviceName, users.service_name]);
  await proxy.sidecar.update(buildConfig({ clusters: [users] }));
  await until(() => source.subscribers.size === 1, 'the cluster that is gone has left');
  assert.deepEqual([...source.subscribers.keys()], [users.service_name]);
  assert.equal((await proxy.send()).text, 'a');
});

test('what is no source is refused', async () => {
  const config = buildConfig({ clusters: [cluster] });
  for (const registrations of [null, {}, 'kubernetes', { subscribe: true }]) {
    await assert.rejects(createSidecar({ config, registrations: registrations as never }), {
      code: 'SIDECAR_OPTION_INVALID',
      message: /^registrations is .*, expected a source with a method "subscribe"$/,
    });
  }
});

/** Pods of a service, each in a slice of its own, as they have ports of their own here. */
class Pods {
  readonly running: FakeUpstream[] = [];
  readonly #api: KubernetesApiServer;
  readonly #t: TestContext;

  constructor(t: TestContext, api: KubernetesApiServer) {
    this.#t = t;
    this.#api = api;
  }

  async add(): Promise<void> {
    const pod = await startHost(this.#t, 'hello');
    this.running.push(pod);
    this.#api.put({
      name: `orders-${pod.port}`,
      service: 'orders',
      namespace: 'shop',
      ports: [{ name: 'http', port: pod.port }],
      pods: [{ address: '127.0.0.1' }],
    });
  }

  /** Takes the oldest out of service, lets those who know it take notice, and ends it. */
  async remove(hasLeft: (count: number) => Promise<void>): Promise<void> {
    const pod = this.running.shift();
    if (pod !== undefined) {
      this.#api.remove(`orders-${pod.port}`, 'shop');
      await hasLeft(this.running.length);
      await until(() => pod.requests.every((request) => request.complete), 'it has answered');
      await pod.close();
    }
  }
}

test('pods come and go under load, and watches are lost, without a failed request', async (t) => {
  const api = await KubernetesApiServer.start(t);
  const pods = new Pods(t, api);
  for (let i = 0; i < 4; i++) {
    await pods.add();
  }
  const source = createKubernetesRegistrations(
    { kubeConfig: api.kubeConfig },
    {
      clock: systemClock,
      random: new ScriptedRandom(0.3 * 2 ** 32),
      serviceAccountPrefix: undefined,
    },
  );
  const proxy = await startProxy(t, source);
  const memberCount = async (): Promise<number | undefined> =>
    (await clusterCounts(proxy, 'app', 'membership_total')).membership_total;
  const untilMembers = async (count: number): Promise<void> => {
    for (let i = 0; i < 5000 && (await memberCount()) !== count; i++);
    assert.equal(await memberCount(), count);
  };
  let isOver = false;
  const statuses = new Map<number, number>();
  const load = [1, 2, 3, 4].map(async () => {
    while (!isOver) {
      const { status } = await proxy.send();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  for (let round = 0; round < 8; round++) {
    if (round % 2 === 1) {
      await api.untilWatches(1);
      api.dropWatches();
    }
    await pods.add();
    await pods.add();
    if (round === 5) {
      // Before the watch goes on: what it has not seen is forgotten.
      api.compact();
    }
    await untilMembers(pods.running.length);
    await pods.remove(untilMembers);
    await pods.remove(untilMembers);
  }
  isOver = true;
  await Promise.all(load);
  assert.deepEqual([...statuses.keys()], [200]);
  assert.ok((statuses.get(200) ?? 0) > 100);
  assert.ok(api.countAsked(/watch=true/) > 4, 'watches were lost');
  assert.ok(api.countAsked(/limit=/) > 1, 'and everything was listed anew');
  await proxy.close();
  await until(() => api.watchCount === 0, 'the watch is closed with the sidecar');
});
