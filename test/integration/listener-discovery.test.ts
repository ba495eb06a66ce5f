import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createSidecar } from '../../lib/sidecar.js';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import {
  DynamicProxy,
  listener,
  refreshDelayMs,
  type ServiceAnswer,
  startHost,
} from '../support/dynamic-proxy.js';
import { unusedPort } from '../support/fake-upstream.js';
import { send } from '../support/http-client.js';
import type { ProxyParts } from '../support/proxy.js';
import { portOf } from '../support/test-sidecar.js';
import { until } from '../support/until.js';
import { WireClient } from '../support/wire-client.js';

const anyPort = 'tcp://127.0.0.1:0';

/** A sidecar without listeners of its own, but with the clusters `a` and `b`. */
async function start(
  t: TestContext,
  answer: ServiceAnswer,
  more: Partial<ConfigParts> = {},
  parts: ProxyParts = {},
): Promise<DynamicProxy> {
  const hosts = [await startHost(t, 'a'), await startHost(t, 'b')];
  return DynamicProxy.start(
    t,
    { lds: answer },
    (discovery) => ({
      clusters: [
        discovery,
        ...hosts.map(({ url }, index) => staticCluster(index === 0 ? 'a' : 'b', [url])),
      ],
      hasListener: false,
      lds: { cluster: 'discovery', refresh_delay_ms: refreshDelayMs },
      ...more,
    }),
    parts,
  );
}

function listeners(...list: readonly Json[]): Json {
  return { listeners: list };
}

/** A listener whose requests all go to one cluster. */
function to(cluster: string, name = 'edge', address = anyPort, manager: Json = {}): Json {
  return listener(name, address, {
    clusters: [],
    virtualHosts: [virtualHost(['*'], cluster)],
    manager,
  });
}

function portNamed({ proxy }: DynamicProxy, name = 'edge'): number {
  return portOf(proxy.sidecar.listeners.find((found) => found.name === name)?.address);
}

async function bodyFrom(fixture: DynamicProxy, name = 'edge'): Promise<string> {
  return (await send(portNamed(fixture, name))).text;
}

function namesOf({ proxy }: DynamicProxy): string[] {
  return proxy.sidecar.listeners.map(({ name }) => name);
}

test('the service is asked for the listeners of this node, by the name of its cluster', async (t) => {
  const { service } = await start(t, listeners());
  const [question] = service.requests;
  assert.equal(question?.method, 'GET');
  assert.equal(question?.url, '/v1/listeners/edge/edge-1');
  assert.equal(question?.headers.host, 'discovery');
});

test('refresh_delay_ms: listeners come, change and go', async (t) => {
  const fixture = await start(t, listeners(to('a')));
  assert.equal(await bodyFrom(fixture), 'a');
  const port = portNamed(fixture);
  await fixture.refresh('lds', listeners(to('b'), to('a', 'other')));
  assert.deepEqual(namesOf(fixture), ['edge', 'other']);
  assert.equal(portNamed(fixture), port);
  assert.equal(await bodyFrom(fixture), 'b');
  assert.equal(await bodyFrom(fixture, 'other'), 'a');
  await fixture.refresh('lds', listeners(to('a', 'other')));
  assert.deepEqual(namesOf(fixture), ['other']);
  await assert.rejects(send(port), { code: 'ECONNREFUSED' });
  const stats = await fixture.proxy.stats();
  assert.deepEqual(
    ['added', 'modified', 'removed', 'create_success', 'create_failure'].map((name) =>
      stats.get(`listener_manager.listener_${name}`),
    ),
    [2, 1, 1, 3, 0],
  );
  assert.equal(stats.get('listener_manager.total_listeners_active'), 1);
  assert.equal(await fixture.admin('/listeners'), `["127.0.0.1:${portNamed(fixture, 'other')}"]\n`);
});

test('a listener that stays the same keeps its connections when others come before it', async (t) => {
  const fixture = await start(t, listeners(to('a')));
  const agent = new Agent({ keepAlive: true });
  fixture.proxy.closesWith(agent);
  await send(portNamed(fixture), { agent });
  await fixture.refresh('lds', listeners(to('b', 'first'), to('a')));
  await send(portNamed(fixture), { agent });
  assert.equal(await fixture.stat('http.ingress_http.downstream_cx_total'), 1);
  assert.equal(await fixture.stat('listener_manager.listener_modified'), 0);
});

test('a connection of a listener that has changed ends behind its next response', async (t) => {
  const fixture = await start(t, listeners(to('a')));
  const client = await WireClient.connect(portNamed(fixture));
  fixture.proxy.closesWith(client.socket);
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => client.received.endsWith('a'), 'the first response is there');
  await fixture.refresh('lds', listeners(to('b')));
  assert.equal(await fixture.stat('listener_manager.total_listeners_draining'), 1);
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const text = await client.untilClosed();
  assert.match(text.slice(text.lastIndexOf('HTTP/1.1')), /connection: close\r\n[\s\S]*b$/);
  await fixture.untilStat('listener_manager.total_listeners_draining', 0);
  assert.equal(await fixture.stat('http.ingress_http.downstream_rq_total'), 2);
});

test('what is left of a listener is closed when the drain time is over', async (t) => {
  const fixture = await start(t, listeners(to('a')), {}, { options: { drainTimeMs: 60_000 } });
  const client = await WireClient.connect(portNamed(fixture));
  fixture.proxy.closesWith(client.socket);
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => client.received.endsWith('a'), 'the response is there');
  await fixture.refresh('lds', listeners());
  fixture.proxy.clock.advance(59_999);
  assert.equal(await fixture.stat('listener_manager.total_listeners_draining'), 1);
  fixture.proxy.clock.advance(1);
  await client.untilClosed();
  await fixture.untilStat('listener_manager.total_listeners_draining', 0);
});

test('a listener that changes is not in force before its routes are known', async (t) => {
  const fixture = await start(t, listeners(to('a')));
  let answer = (): void => assert.fail('nobody asks for the routes');
  fixture.setAnswer('rds', (response) => {
    answer = () => response.end(JSON.stringify({ virtual_hosts: [virtualHost(['*'], 'b')] }));
  });
  const rds = { cluster: 'discovery', route_config_name: 'table', refresh_delay_ms: 60_000 };
  fixture.setAnswer('lds', listeners(to('b', 'edge', anyPort, { route_config: undefined, rds })));
  const asked = fixture.service.requests.length;
  fixture.proxy.clock.advance(refreshDelayMs);
  await until(() => fixture.service.requests.length === asked + 2, 'the routes are asked for');
  assert.equal(await fixture.stat('listener_manager.total_listeners_warming'), 1);
  assert.equal(await bodyFrom(fixture), 'a');
  answer();
  await fixture.untilStat('listener_manager.total_listeners_warming', 0);
  assert.equal(await bodyFrom(fixture), 'b');
});

test('a listener whose service fails just then goes on with the routes of the one before', async (t) => {
  const rds = { cluster: 'discovery', route_config_name: 'table', refresh_delay_ms: 60_000 };
  const edge = (more: Json, address = anyPort): Json =>
    listener('edge', address, {
      clusters: [],
      listener: more,
      manager: { route_config: undefined, rds },
    });
  const fixture = await start(t, listeners(edge({})));
  fixture.setAnswer('rds', { virtual_hosts: [virtualHost(['*'], 'a')] });
  await fixture.refresh('lds', listeners(edge({ per_connection_buffer_limit_bytes: 4096 })));
  assert.equal(await bodyFrom(fixture), 'a');
  fixture.setAnswer('rds', (response) => void response.writeHead(500).end());
  await fixture.refresh('lds', listeners(edge({ per_connection_buffer_limit_bytes: 8192 })));
  assert.equal(await fixture.stat('listener_manager.listener_modified'), 2);
  assert.equal(await bodyFrom(fixture), 'a');
  const other = { ...rds, route_config_name: 'other' };
  await fixture.refresh(
    'lds',
    listeners(to('a', 'edge', anyPort, { route_config: undefined, rds: other })),
  );
  assert.equal((await send(portNamed(fixture))).status, 404);
});

test('the start waits for the routes of the listeners that are discovered', async (t) => {
  const rds = { cluster: 'discovery', route_config_name: 'table', refresh_delay_ms: 60_000 };
  const hosts = await startHost(t, 'a');
  const fixture = await DynamicProxy.start(
    t,
    {
      lds: listeners(to('a', 'edge', anyPort, { route_config: undefined, rds })),
      rds: { virtual_hosts: [virtualHost(['*'], 'a')] },
    },
    (discovery) => ({
      clusters: [discovery, staticCluster('a', [hosts.url])],
      hasListener: false,
      lds: { cluster: 'discovery', refresh_delay_ms: refreshDelayMs },
    }),
  );
  assert.equal(await bodyFrom(fixture), 'a');
  const [shown] = JSON.parse(await fixture.admin('/routes')) as Json[];
  assert.equal(shown?.['route_config_name'], 'table');
  assert.equal(shown?.['cluster_name'], 'discovery');
  assert.deepEqual(shown?.['route_table_dump'], { virtual_hosts: [virtualHost(['*'], 'a')] });
  assert.deepEqual(JSON.parse(await fixture.admin('/routes?route_config_name=other')), []);
});

test('a listener of the file is not touched', async (t) => {
  const fixture = await start(t, listeners(), {
    hasListener: true,
    listener: { name: 'edge' },
    virtualHosts: [virtualHost(['*'], 'a')],
  });
  const before = fixture.proxy.sidecar.listeners;
  await fixture.refresh('lds', listeners(to('b')));
  await fixture.refresh('lds', listeners());
  assert.deepEqual(fixture.proxy.sidecar.listeners, before);
  assert.equal(await fixture.stat('listener_manager.listener_modified'), 0);
  assert.match(
    String(fixture.proxy.errors),
    /lds: listener edge: it is one of the configuration's/,
  );
});

test('a port in use leaves out one listener, and is tried again with the next answer', async (t) => {
  const blocker = createServer();
  blocker.listen(await unusedPort(), '127.0.0.1');
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  const answer = listeners(to('a'), to('b', 'blocked', `tcp://127.0.0.1:${port}`));
  const fixture = await start(t, answer);
  assert.deepEqual(namesOf(fixture), ['edge']);
  await fixture.refresh('lds', answer);
  assert.deepEqual(namesOf(fixture), ['edge']);
  assert.equal(await fixture.stat('listener_manager.listener_create_failure'), 2);
  assert.ok(fixture.proxy.errors.some((line) => line.includes('the port is in use')));
  blocker.close();
  await once(blocker, 'close');
  await fixture.refresh('lds', answer);
  assert.deepEqual(namesOf(fixture), ['edge', 'blocked']);
  assert.equal(await bodyFrom(fixture, 'blocked'), 'b');
});

test('a listener whose new socket stays with another is bound nowhere, and keeps its own', async (t) => {
  const blocker = createServer();
  blocker.listen(await unusedPort(), '127.0.0.1');
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const { port: taken } = blocker.address() as { port: number };
  const [first, second] = [await unusedPort(), await unusedPort()];
  const at = (port: number): string => `tcp://127.0.0.1:${port}`;
  const before = listeners(to('a', 'one', at(first)), to('b', 'two', at(second)));
  const fixture = await start(t, before);
  const bound = fixture.proxy.sidecar.listeners;
  // The second would have to leave its socket to the first, and cannot.
  const moved = listeners(to('a', 'one', at(second)), to('b', 'two', at(taken)));
  await fixture.refresh('lds', moved);
  assert.deepEqual(fixture.proxy.sidecar.listeners, bound);
  assert.equal(await bodyFrom(fixture, 'one'), 'a');
  assert.equal(await bodyFrom(fixture, 'two'), 'b');
  blocker.close();
  await once(blocker, 'close');
  await fixture.refresh('lds', moved);
  assert.equal(portNamed(fixture, 'one'), second);
  assert.equal(await bodyFrom(fixture, 'one'), 'a');
  assert.equal(await bodyFrom(fixture, 'two'), 'b');
});

test('a listener that cannot be made leaves the one before it in force', async (t) => {
  const fixture = await start(t, listeners(to('a')));
  const ssl_context = { cert_chain_file: '/nowhere.pem', private_key_file: '/nowhere.key' };
  const broken = { ...to('b'), ssl_context };
  await fixture.refresh('lds', listeners(broken, to('b', 'other')));
  assert.equal(await bodyFrom(fixture), 'a');
  assert.equal(await bodyFrom(fixture, 'other'), 'b');
  assert.equal(await fixture.stat('listener_manager.listener_create_failure'), 1);
  await fixture.refresh('lds', listeners(broken, to('b', 'other')));
  const said = fixture.proxy.errors.filter((line) => line.includes('/nowhere'));
  assert.equal(said.length, 1, 'the same is said once');
});

for (const [what, answer] of Object.entries<ServiceAnswer>({
  'another status': (response) => void response.writeHead(500).end('{"listeners":[]}'),
  'no JSON': (response) => void response.end('<html>'),
  'no listeners': { clusters: [] },
  'an unknown key': { listeners: [], version: 1 },
  'one listener among others that is wrong': listeners(to('b', 'other'), { ...to('b'), x: 1 }),
  'routes to a cluster that there is not': listeners(to('nowhere')),
  'two listeners of one name': listeners(to('b', 'other'), to('b', 'other')),
  'a broken connection': (response) => void response.destroy(),
})) {
  test(`an answer with ${what} changes nothing, and is counted`, async (t) => {
    const fixture = await start(t, listeners(to('a')));
    await fixture.refresh('lds', answer);
    assert.deepEqual(namesOf(fixture), ['edge']);
    assert.equal(await bodyFrom(fixture), 'a');
    const { update_success, update_failure } = await fixture.counts('lds');
    assert.deepEqual([update_success, update_failure], [1, 1]);
  });

  test(`a first answer with ${what} does not hold up the start`, async (t) => {
    const fixture = await start(t, answer);
    assert.deepEqual(namesOf(fixture), []);
    await fixture.refresh('lds', listeners(to('a')));
    assert.equal(await bodyFrom(fixture), 'a');
  });
}

test('outbound calls and explain follow the listeners that were discovered', async (t) => {
  const hosts = (cluster: string): Json =>
    listener('egress', anyPort, {
      clusters: [],
      virtualHosts: [virtualHost(['orders.internal'], cluster)],
    });
  const options = { outbound: { listeners: ['egress'] } };
  const fixture = await start(t, listeners(hosts('a')), {}, { options });
  const { sidecar } = fixture.proxy;
  const call = async (): Promise<string> =>
    (await sidecar.request('http://orders.internal/')).body.text();
  assert.equal(await call(), 'a');
  await fixture.refresh('lds', listeners(hosts('b')));
  assert.equal(await call(), 'b');
  assert.equal(sidecar.explain({ url: 'http://orders.internal/' }).listener.name, 'egress');
  await fixture.refresh('lds', listeners());
  await assert.rejects(call());
});

test('an outbound call under way ends on the listener that it began with', async (t) => {
  const host = await startHost(t, '');
  const held: ServerResponse[] = [];
  host.handler = (_request, response) => held.push(response);
  const egress = (domain: string): Json =>
    listener('edge', anyPort, { clusters: [], virtualHosts: [virtualHost([domain], 'slow')] });
  const fixture = await DynamicProxy.start(t, { lds: listeners(egress('x')) }, (discovery) => ({
    clusters: [discovery, staticCluster('slow', [host.url])],
    hasListener: false,
    lds: { cluster: 'discovery', refresh_delay_ms: refreshDelayMs },
  }));
  const call = fixture.proxy.sidecar.request('http://x/');
  await until(() => held.length === 1, 'the call is there');
  await fixture.refresh('lds', listeners(egress('y')));
  assert.equal(await fixture.stat('listener_manager.total_listeners_draining'), 1);
  held[0]?.end('done');
  assert.equal(await (await call).body.text(), 'done');
  await fixture.untilStat('listener_manager.total_listeners_draining', 0);
});

test('lds.cluster: a cluster that is discovered itself cannot be asked', async () => {
  const config = buildConfig({
    clusters: [],
    hasListener: false,
    lds: { cluster: 'nowhere' },
  });
  await assert.rejects(
    createSidecar({ config }),
    /lds\.cluster: no cluster has the name "nowhere"/,
  );
});
