import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import {
  DiscoveryFixture,
  discovered,
  refreshDelayMs,
  tellHosts,
} from '../support/discovery-server.js';
import { FakeUpstream, type UpstreamHandler, unusedPort } from '../support/fake-upstream.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

/** Starts hosts that answer with their own number. */
async function startHosts(t: TestContext, count: number): Promise<FakeUpstream[]> {
  const hosts: FakeUpstream[] = [];
  for (let i = 0; i < count; i++) {
    const host = await FakeUpstream.start((_request, response) => response.end(`host ${i}`));
    t.after(() => host.close());
    hosts.push(host);
  }
  return hosts;
}

async function texts(fixture: DiscoveryFixture, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let i = 0; i < count; i++) {
    seen.push((await fixture.proxy.send()).text);
  }
  return seen.sort();
}

test('the service is asked with GET, the path of the registration and its cluster as host', async (t) => {
  const [host] = await startHosts(t, 1);
  assert.ok(host !== undefined);
  const fixture = await DiscoveryFixture.start(t, [discovered(host)]);
  const [question] = fixture.service.requests;
  assert.equal(question?.method, 'GET');
  assert.equal(question?.url, '/v1/registration/app-service.default.svc.cluster.local');
  assert.deepEqual(question?.rawHeaders, ['host', 'discovery', 'accept', 'application/json']);
});

test('the first answer is there before the first request', async (t) => {
  const hosts = await startHosts(t, 3);
  const fixture = await DiscoveryFixture.start(
    t,
    hosts.map((host) => discovered(host)),
  );
  assert.deepEqual(await texts(fixture, 6), [
    'host 0',
    'host 0',
    'host 1',
    'host 1',
    'host 2',
    'host 2',
  ]);
});

test('the next question comes after the refresh delay and up to as much again', async (t) => {
  const [host] = await startHosts(t, 1);
  assert.ok(host !== undefined);
  const fixture = await DiscoveryFixture.start(t, [discovered(host)], {
    environment: { random: new ScriptedRandom(250) },
  });
  fixture.proxy.clock.advance(refreshDelayMs + 249);
  await fixture.proxy.send();
  assert.equal(fixture.service.requests.length, 1);
  fixture.proxy.clock.advance(1);
  await fixture.untilResults(2);
  assert.equal(fixture.service.requests.length, 2);
});

test('questions share one connection to the service', async (t) => {
  const fixture = await DiscoveryFixture.start(t, []);
  for (let i = 0; i < 3; i++) {
    await fixture.refresh();
  }
  const counts = await clusterCounts(
    fixture.proxy,
    'discovery',
    'upstream_cx_total',
    'upstream_rq_200',
    'internal.upstream_rq_200',
  );
  assert.deepEqual(counts, {
    upstream_cx_total: 1,
    upstream_rq_200: 4,
    'internal.upstream_rq_200': 4,
  });
});

test('hosts come and go with the answers', async (t) => {
  const [a, b] = await startHosts(t, 2);
  assert.ok(a !== undefined && b !== undefined);
  const fixture = await DiscoveryFixture.start(t, [discovered(a)]);
  assert.deepEqual(await texts(fixture, 2), ['host 0', 'host 0']);
  await fixture.refresh([discovered(a), discovered(b)]);
  assert.deepEqual(await texts(fixture, 2), ['host 0', 'host 1']);
  await fixture.refresh([discovered(b)]);
  assert.deepEqual(await texts(fixture, 2), ['host 1', 'host 1']);
  await fixture.refresh([]);
  const response = await fixture.proxy.send();
  assert.equal(response.status, 503);
  assert.equal(response.text, 'no healthy upstream');
  await fixture.refresh([discovered(a)]);
  assert.deepEqual(await texts(fixture, 1), ['host 0']);
  const counts = await clusterCounts(
    fixture.proxy,
    'app',
    'membership_change',
    'membership_total',
    'upstream_cx_none_healthy',
  );
  assert.deepEqual(counts, {
    membership_change: 5,
    membership_total: 1,
    upstream_cx_none_healthy: 1,
  });
  await assertCountedOnce(fixture.proxy, 'app', 8);
});

describe('a service that fails', () => {
  const failures: readonly (readonly [what: string, handler: UpstreamHandler])[] = [
    ['with 500', answer(500, '{"hosts":[]}')],
    ['with 404', answer(404, '{"hosts":[]}')],
    ['with garbage', answer(200, 'garbage')],
    ['with an empty body', answer(200, '')],
    ['with 204', (_request, response) => response.writeHead(204).end()],
    ['with other JSON', answer(200, '{"nodes":[]}')],
    ['with a name', answer(200, '{"hosts":[{"ip_address":"localhost","port":80}]}')],
    ['with port 0', answer(200, '{"hosts":[{"ip_address":"127.0.0.1","port":0}]}')],
    ['in the middle of its answer', cut],
    ['before its answer', (request) => request.socket.destroy()],
    [
      'with a redirect',
      (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    ],
    ['with 40 MB', flood],
  ];

  for (const [what, handler] of failures) {
    test(`${what} changes nothing, is counted, and is asked again`, async (t) => {
      const [a, b] = await startHosts(t, 2);
      assert.ok(a !== undefined && b !== undefined);
      const fixture = await DiscoveryFixture.start(t, [discovered(a)]);
      await fixture.refresh(handler);
      await fixture.refresh(handler);
      assert.deepEqual(await texts(fixture, 1), ['host 0']);
      assert.equal(await failuresOf(fixture), 2);
      await fixture.refresh([discovered(b)]);
      assert.deepEqual(await texts(fixture, 1), ['host 1']);
      assert.equal(await failuresOf(fixture), 2);
    });
  }

  test('to answer within a second has failed', async (t) => {
    const [host] = await startHosts(t, 1);
    assert.ok(host !== undefined);
    const fixture = await DiscoveryFixture.start(t, [discovered(host)]);
    let late: ServerResponse | undefined;
    fixture.service.handler = (_request, response) => {
      late = response;
    };
    fixture.proxy.clock.advance(refreshDelayMs);
    await until(() => late !== undefined, 'the service is asked');
    fixture.proxy.clock.advance(999);
    assert.equal(await failuresOf(fixture), 0);
    fixture.proxy.clock.advance(1);
    assert.equal(await failuresOf(fixture), 1);
    late?.end('{"hosts":[]}');
    assert.deepEqual(await texts(fixture, 1), ['host 0']);
    await fixture.refresh([]);
    assert.equal((await fixture.proxy.send()).status, 503);
  });

  test('because it is away is found again when it is back', async (t) => {
    const [host] = await startHosts(t, 1);
    assert.ok(host !== undefined);
    const fixture = await DiscoveryFixture.start(t, [discovered(host)]);
    const { port } = fixture.service;
    await fixture.service.close();
    await fixture.refresh();
    assert.equal(await failuresOf(fixture), 1);
    assert.deepEqual(await texts(fixture, 1), ['host 0']);
    const back = await FakeUpstream.start(tellHosts([]), '127.0.0.1', port);
    t.after(() => back.close());
    await fixture.refresh();
    assert.equal(await failuresOf(fixture), 1);
    assert.equal((await fixture.proxy.send()).status, 503);
  });

  test('is logged when that begins and when it ends', async (t) => {
    const logged: string[] = [];
    const log = (message: string): void => {
      logged.push(message);
    };
    const logger = { debug: log, info: log, warn: log, error: log };
    const fixture = await DiscoveryFixture.start(t, [], { options: { logger } });
    await fixture.refresh(answer(500, ''));
    await fixture.refresh(answer(200, 'garbage'));
    await fixture.refresh([]);
    await fixture.refresh([]);
    assert.deepEqual(logged, [
      'cluster app: no hosts from the discovery service discovery: status 500 instead of 200',
      'cluster app: the discovery service discovery answers again',
    ]);
  });
});

function answer(status: number, body: string): UpstreamHandler {
  return (_request, response) => response.writeHead(status).end(body);
}

function cut(_request: unknown, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"hosts":[', () => response.destroy());
}

/** Sends as much as it can of 40 MB of valid JSON. */
function flood(_request: unknown, response: ServerResponse): void {
  const blanks = Buffer.alloc(1024 * 1024, ' ');
  let left = 40;
  const write = (): void => {
    if (left-- > 0 && !response.destroyed) {
      response.write(blanks, write);
    } else {
      response.end('{"hosts":[]}');
    }
  };
  write();
}

async function failuresOf(fixture: DiscoveryFixture): Promise<number> {
  return (await clusterCounts(fixture.proxy, 'app', 'update_failure')).update_failure;
}

test('a host that is gone serves what is under way, and its idle connections are closed', async (t) => {
  let waiting: ServerResponse | undefined;
  const host = await FakeUpstream.start((request, response) => {
    if (request.url === '/slow') {
      waiting = response;
    } else {
      response.end('hello');
    }
  });
  t.after(() => host.close());
  const fixture = await DiscoveryFixture.start(t, [discovered(host)]);
  const slow = fixture.proxy.send({ path: '/slow' });
  await until(() => waiting !== undefined, 'the request is there');
  await fixture.proxy.send();
  assert.equal(host.sockets.size, 2);
  await fixture.refresh([]);
  await until(() => host.sockets.size === 1, 'the idle connection is closed');
  waiting?.end('still served');
  assert.equal((await slow).text, 'still served');
  await until(() => host.sockets.size === 0, 'the other connection is closed too');
  await assertCountedOnce(fixture.proxy, 'app', 2);
});

test('no request is lost while hosts come and go', async (t) => {
  const hosts = await startHosts(t, 4);
  const entries = hosts.map((host) => discovered(host));
  const fixture = await DiscoveryFixture.start(t, entries, {
    // Longer than the steps in which the clock moves.
    cluster: { connect_timeout_ms: 60_000 },
  });
  let isDone = false;
  const statuses: number[] = [];
  const client = async (): Promise<void> => {
    while (!isDone) {
      statuses.push((await fixture.proxy.send()).status);
    }
  };
  const clients = Array.from({ length: 8 }, client);
  for (const present of [[0], [1, 2], [3], [0, 1, 2, 3], [2, 0], [1], [0, 1, 2, 3]]) {
    await fixture.refresh(present.flatMap((index) => entries.slice(index, index + 1)));
    const before = statuses.length;
    await until(() => statuses.length > before + 20, 'requests have passed');
  }
  isDone = true;
  await Promise.all(clients);
  assert.deepEqual([...new Set(statuses)], [200]);
  await assertCountedOnce(fixture.proxy, 'app', statuses.length);
});

test('weight, zone and canary of a host are shown, and count', async (t) => {
  const [host] = await startHosts(t, 1);
  assert.ok(host !== undefined);
  const tags = { az: 'eu-1a', canary: true, load_balancing_weight: 7 };
  const fixture = await DiscoveryFixture.start(t, [discovered(host, tags)]);
  await fixture.proxy.send();
  const response = await fetch(`http://127.0.0.1:${fixture.proxy.adminPort}/clusters`);
  const clusters = await response.text();
  const start = `app::127.0.0.1:${host.port}::`;
  assert.ok(clusters.includes(`${start}weight::7\n`), clusters);
  assert.ok(clusters.includes(`${start}zone::eu-1a\n`));
  assert.ok(clusters.includes(`${start}canary::true\n`));
  const counts = await clusterCounts(fixture.proxy, 'app', 'canary.upstream_rq_200');
  assert.equal(counts['canary.upstream_rq_200'], 1);
  await fixture.refresh([discovered(host, { ...tags, load_balancing_weight: 9 })]);
  const { max_host_weight, membership_change } = await clusterCounts(
    fixture.proxy,
    'app',
    'max_host_weight',
    'membership_change',
  );
  assert.equal(max_host_weight, 9);
  assert.equal(membership_change, 1);
});

test('a discovered host that connectTo maps is reached elsewhere', async (t) => {
  const [host] = await startHosts(t, 1);
  assert.ok(host !== undefined);
  const fixture = await DiscoveryFixture.start(t, [{ ip_address: '192.0.2.1', port: 80 }], {
    options: { connectTo: { '192.0.2.1:80': `127.0.0.1:${host.port}` } },
  });
  assert.deepEqual(await texts(fixture, 1), ['host 0']);
});

test('shares are equal before, during and after the outage of a host', async (t) => {
  const hosts = await startHosts(t, 3);
  const downPort = await unusedPort();
  const down = { ip_address: '127.0.0.1', port: downPort };
  const [a, b] = hosts;
  assert.ok(a !== undefined && b !== undefined);
  const fixture = await DiscoveryFixture.start(t, [discovered(a), discovered(b), down]);
  const shares = async (): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const text of await texts(fixture, 60)) {
      counts[text.slice(0, 6)] = (counts[text.slice(0, 6)] ?? 0) + 1;
    }
    return counts;
  };
  assert.deepEqual(await shares(), { 'host 0': 20, 'host 1': 20, upstre: 20 });
  const third = await FakeUpstream.start(
    (_request, response) => response.end('host 2'),
    '127.0.0.1',
    downPort,
  );
  t.after(() => third.close());
  assert.deepEqual(await shares(), { 'host 0': 20, 'host 1': 20, 'host 2': 20 });
  await third.close();
  assert.deepEqual(await shares(), { 'host 0': 20, 'host 1': 20, upstre: 20 });
});
