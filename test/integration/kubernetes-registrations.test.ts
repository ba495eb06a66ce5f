import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldHeapBytes } from '../support/held-bytes.js';
import { respondStatus, type SlicePod } from '../support/kubernetes-api-server.js';
import { KubernetesFixture, watchLimitMs } from '../support/kubernetes-fixture.js';
import { until } from '../support/until.js';

const a: SlicePod = { address: '10.0.0.1' };
const b: SlicePod = { address: '10.0.0.2' };
const c: SlicePod = { address: '10.0.0.3' };

test('the pods of a service are told at first, and whenever they change', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a, { ...b, ready: false }] });
  const orders = fixture.subscribe('orders');
  await orders.untilHosts('10.0.0.1:80');
  await fixture.untilWatching();
  api.put({ name: 'orders', pods: [a, { ...b, ready: true }] });
  await orders.untilHosts('10.0.0.1:80', '10.0.0.2:80');
  api.put({ name: 'orders-2', service: 'orders', pods: [c] });
  await orders.untilHosts('10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80');
  api.remove('orders');
  await orders.untilHosts('10.0.0.3:80');
  api.remove('orders-2');
  await orders.untilHosts();
  assert.equal(api.countAsked(/watch=true/), 1);
  assert.deepEqual(orders.failures, []);
});

test('a service that there is not has no hosts, until there is', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  const orders = fixture.subscribe('orders');
  await until(() => orders.lists.length === 1, 'there is an answer');
  assert.deepEqual(orders.lists, ['']);
  await fixture.untilWatching();
  api.put({ name: 'orders', pods: [a] });
  await orders.untilHosts('10.0.0.1:80');
});

test('what changes in a slice but not its hosts is not told', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  const users = fixture.subscribe('users');
  api.put({ name: 'orders', pods: [a], object: { note: 'new' } });
  api.put({ name: 'users', pods: [b] });
  // By the same watch, so what has come before has been seen.
  await users.untilHosts('10.0.0.2:80');
  assert.deepEqual(orders.lists, ['10.0.0.1:80']);
});

test('each namespace of which a service is asked for is watched, once, and no other', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  for (const namespace of ['shop', 'bank', 'other']) {
    api.put({ name: 'orders', namespace, pods: [a] });
  }
  const names = ['orders.shop', 'users.shop', 'orders.bank'];
  const [shop, users, bank] = names.map((name) => fixture.subscribe(`${name}.svc.cluster.local`));
  await shop?.untilHosts('10.0.0.1:80');
  await bank?.untilHosts('10.0.0.1:80');
  await users?.untilHosts();
  await fixture.untilWatching(2);
  assert.deepEqual(
    [...new Set(api.asked.map((path) => path.replace(/\?.*/, '')))].sort(),
    ['bank', 'shop'].map((name) => `/apis/discovery.k8s.io/v1/namespaces/${name}/endpointslices`),
  );
  users?.subscription?.close();
  shop?.subscription?.close();
  await fixture.untilWatching();
  api.put({ name: 'orders', namespace: 'bank', pods: [b] });
  await bank?.untilHosts('10.0.0.2:80');
  assert.deepEqual(shop?.lists, ['10.0.0.1:80']);
});

test('with "all", one watch serves every namespace', async (t) => {
  const fixture = await KubernetesFixture.start(t, { namespaces: 'all' });
  const { api } = fixture;
  api.put({ name: 'orders', namespace: 'shop', pods: [a] });
  api.put({ name: 'orders', namespace: 'bank', pods: [b] });
  await fixture.subscribe('orders.shop.svc.cluster.local').untilHosts('10.0.0.1:80');
  await fixture.subscribe('orders.bank.svc.cluster.local').untilHosts('10.0.0.2:80');
  await fixture.untilWatching();
  assert.equal(api.countAsked(/^\/apis\/discovery\.k8s\.io\/v1\/endpointslices\?/), 2);
  assert.equal(api.asked.length, 2);
});

test('names that make no sense, and namespaces that are not watched, are failures', async (t) => {
  const options = { namespaces: ['shop'], clusterDomain: 'svc.example.org' };
  const fixture = await KubernetesFixture.start(t, options);
  const { api } = fixture;
  const wrong = fixture.subscribe('orders.shop.svc.cluster.local');
  assert.deepEqual(wrong.failures, [
    '"orders.shop.svc.cluster.local" is no name of the form <service>.<namespace>.svc.example.org',
  ]);
  const other = fixture.subscribe('orders.bank.svc.example.org');
  assert.deepEqual(other.failures, ['the namespace bank is not watched']);
  api.put({ name: 'orders', namespace: 'shop', pods: [a] });
  await fixture.subscribe('orders.shop.svc.example.org').untilHosts('10.0.0.1:80');
});

test('a port that is named in front of the name is taken', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  const ports = [
    { name: 'http', port: 80 },
    { name: 'admin', port: 8001 },
  ];
  api.put({ name: 'orders', pods: [a], ports });
  await fixture.subscribe('orders').untilHosts('10.0.0.1:80');
  await fixture
    .subscribe('_admin._tcp.orders.default.svc.cluster.local')
    .untilHosts('10.0.0.1:8001');
  await fixture.subscribe('_none._tcp.orders.default.svc.cluster.local').untilHosts();
});

test('a long list is read page by page, and again if its continuation has expired', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.pageSize = 3;
  for (let i = 0; i < 10; i++) {
    api.put({ name: `orders-${i}`, service: 'orders', pods: [{ address: `10.0.1.${i}` }] });
  }
  let isCompacted = false;
  api.intercept = (request) => {
    if (request.url?.includes('continue=') === true && !isCompacted) {
      isCompacted = true;
      api.compact();
    }
    return false;
  };
  const orders = fixture.subscribe('orders');
  await fixture.passPause();
  await until(() => orders.lists.length === 1, 'there is an answer');
  assert.equal(orders.lists[0]?.split(' ').length, 10);
  assert.match(orders.failures.join(), /^status 410: /);
  assert.equal(api.countAsked(/limit=200&continue=/), 1 + 3);
});

test('events come through in pieces of any size', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.pieceBytes = 7;
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  for (let i = 1; i <= 20; i++) {
    api.put({ name: 'orders', pods: [{ address: `10.0.1.${i}` }] });
  }
  await orders.untilHosts('10.0.1.20:80');
  assert.deepEqual(orders.failures, []);
});

test('a watch that the server ends goes on where it was, without a list', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  fixture.clock.advance(1000);
  api.endWatches();
  api.put({ name: 'orders', pods: [b] });
  await orders.untilHosts('10.0.0.2:80');
  await until(() => api.countAsked(/watch=true/) === 2, 'the watch goes on');
  assert.equal(api.countAsked(/limit=/), 1);
  assert.deepEqual(orders.lists, ['10.0.0.1:80', '10.0.0.2:80']);
  assert.deepEqual([orders.failures, fixture.logged], [[], []]);
});

test('a watch that is cut goes on after a wait, and what has happened meanwhile is told', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  fixture.clock.advance(60_000);
  api.dropWatches();
  await fixture.untilPause();
  api.put({ name: 'orders', pods: [a, b] });
  api.put({ name: 'orders', pods: [b] });
  assert.equal(await fixture.passPause(), 400);
  await orders.untilHosts('10.0.0.2:80');
  assert.equal(api.countAsked(/limit=/), 1);
  assert.deepEqual([orders.failures, fixture.logged], [[], []]);
});

test('a bookmark moves the version on from which a watch goes on', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  fixture.subscribe('orders');
  await fixture.untilWatching();
  assert.equal(api.countAsked(/allowWatchBookmarks=true/), 1);
  for (let i = 0; i < 5; i++) {
    api.bookmark();
  }
  api.compact();
  fixture.clock.advance(1000);
  api.endWatches();
  await until(() => api.countAsked(/watch=true.*resourceVersion=105&/) === 1, 'the watch goes on');
  await fixture.untilWatching();
  assert.equal(api.countAsked(/limit=/), 1);
});

for (const form of ['status', 'event'] as const) {
  test(`a version that is forgotten, told as ${form}, makes everything be listed anew`, async (t) => {
    const fixture = await KubernetesFixture.start(t);
    const { api } = fixture;
    api.goneForm = form;
    api.put({ name: 'orders', pods: [a] });
    api.put({ name: 'orders-2', service: 'orders', pods: [b] });
    const orders = fixture.subscribe('orders');
    await fixture.untilWatching();
    fixture.clock.advance(1000);
    api.dropWatches();
    await fixture.untilPause();
    api.remove('orders');
    api.put({ name: 'orders-3', service: 'orders', pods: [c] });
    api.compact();
    await fixture.passPause();
    await fixture.passPause();
    await orders.untilHosts('10.0.0.2:80', '10.0.0.3:80');
    await fixture.untilWatching();
    assert.equal(api.countAsked(/limit=/), 2);
    assert.deepEqual([orders.failures, fixture.logged], [[], []]);
  });
}

test('a version that is forgotten in the middle of a watch makes everything be listed at once', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  fixture.clock.advance(1000);
  api.fail(410, 'too old resource version');
  await until(() => api.countAsked(/limit=/) === 2, 'all is listed');
  await until(() => orders.lists.length === 2, 'all is told');
  await fixture.untilWatching();
  assert.deepEqual(orders.failures, []);
});

test('an error in a watch is a failure, after which everything is listed anew', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  api.fail(500, 'etcdserver: no leader');
  await fixture.passPause();
  await fixture.untilWatching();
  assert.equal(api.countAsked(/limit=/), 2);
  assert.deepEqual(orders.lists, ['10.0.0.1:80']);
  fixture.clock.advance(1000);
  assert.deepEqual(orders.lists, ['10.0.0.1:80', '10.0.0.1:80'], 'it is told when a watch lasts');
  assert.deepEqual(orders.failures, ['status 500: etcdserver: no leader']);
});

test('what is no event, or none that is known, disturbs nothing', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  api.write('\n{}\n[]\nnull\n{"type":"NEW","object":null}\n{"type":"ADDED"}\n');
  api.put({ name: 'orders', pods: [a] });
  await orders.untilHosts('10.0.0.1:80');
  api.write('<html>\n');
  await fixture.passPause();
  await fixture.untilWatching();
  api.put({ name: 'orders', pods: [b] });
  await orders.untilHosts('10.0.0.2:80');
  assert.deepEqual(orders.failures, []);
});

test('waits grow with every failure, are bounded, and begin anew after a watch that has lasted', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.intercept = (_request, response) => {
    response.destroy();
    return true;
  };
  const orders = fixture.subscribe('orders');
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    waits.push(await fixture.passPause());
  }
  assert.deepEqual(waits, [400, 800, 1600, 3200, 6400, 12_000, 12_000]);
  await orders.untilFailures(8);
  assert.equal(fixture.logged.length, 1);
  api.intercept = () => false;
  await fixture.passPause();
  await fixture.untilWatching();
  fixture.clock.advance(1000);
  assert.match(fixture.logged.join('\n'), /^warn: .*default: .*\ninfo: .* answers again$/);
  api.dropWatches();
  assert.equal(await fixture.passPause(), 400);
  await fixture.untilWatching();
});

test('a server that asks to be left alone is, for as long', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.intercept = (_request, response) => {
    response.setHeader('retry-after', '3');
    respondStatus(response, 429, 'too many requests');
    return true;
  };
  const orders = fixture.subscribe('orders');
  assert.equal(await fixture.untilPause(), 3400);
  assert.deepEqual(orders.failures, ['status 429: too many requests']);
  api.intercept = () => false;
  await fixture.passPause();
  await fixture.untilWatching();
});

test('missing rights are told with the rule that would give them, once, and hosts stay', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  fixture.clock.advance(1000);
  api.intercept = (_request, response) => {
    respondStatus(response, 403, 'endpointslices.discovery.k8s.io is forbidden: User "x" cannot');
    return true;
  };
  api.dropWatches();
  await fixture.passPause();
  await orders.untilFailures(1);
  await fixture.passPause();
  await orders.untilFailures(2);
  assert.deepEqual(orders.lists, ['10.0.0.1:80']);
  assert.equal(fixture.logged.length, 1);
  const rule =
    /^error: Kubernetes, namespace default: status 403: .* is forbidden: .*a Role in the namespace default .*apiGroups: \["discovery\.k8s\.io"\].*"endpointslices".*"list", "watch".*stay$/;
  assert.match(fixture.logged.join('\n'), rule);
  // Whoever comes now is told what is known, as it is better than nothing.
  const late = fixture.subscribe('orders');
  assert.deepEqual([late.lists, late.failures], [['10.0.0.1:80'], []]);
  api.intercept = () => false;
  await fixture.passPause();
  await fixture.untilWatching();
  fixture.clock.advance(1000);
  assert.equal(orders.lists.length, 2, 'the hosts are confirmed');
});

test('missing rights at the start are told to everybody, and end when they are given', async (t) => {
  const fixture = await KubernetesFixture.start(t, { namespaces: 'all' });
  const { api } = fixture;
  api.intercept = (_request, response) => {
    respondStatus(response, 403, 'forbidden');
    return true;
  };
  const orders = fixture.subscribe('orders');
  await orders.untilFailures(1);
  assert.match(orders.failures.join(), /a ClusterRole with .* or name the namespaces/);
  const users = fixture.subscribe('users');
  assert.equal(users.failures.length, 1);
  api.intercept = () => false;
  await fixture.passPause();
  await orders.untilHosts();
  await users.untilHosts();
});

test('a token that is not accepted any more is read anew', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  let refused = 0;
  api.intercept = (_request, response) => {
    if (refused++ > 0) {
      return false;
    }
    respondStatus(response, 401, 'Unauthorized');
    return true;
  };
  api.dropWatches();
  await fixture.passPause();
  await orders.untilFailures(1);
  api.put({ name: 'orders', pods: [b] });
  api.token = 'second-token';
  await fixture.passPause();
  await orders.untilHosts('10.0.0.2:80');
  assert.match(orders.failures.join(), /^status 401: .*is not accepted$/);
});

test('answers that are no lists are failures', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  const bodies = [
    '',
    '<html>',
    '[]',
    '{}',
    '{"metadata":{}}',
    '{"metadata":{"resourceVersion":"1"},"items":{}}',
  ];
  api.intercept = (_request, response) => {
    response.end(bodies.shift());
    return true;
  };
  const orders = fixture.subscribe('orders');
  for (let i = bodies.length; i > 0; i--) {
    await fixture.passPause();
  }
  assert.deepEqual([...new Set(orders.failures)].sort(), [
    'the answer is no JSON',
    'the answer is no list of EndpointSlices',
  ]);
  assert.deepEqual(orders.lists, []);
});

test('an answer that is none, such as a switch of protocols, is a failure', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.intercept = (request) => {
    request.socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    );
    return true;
  };
  const orders = fixture.subscribe('orders');
  await fixture.untilPause();
  assert.equal(orders.failures.length, 1);
});

test('a server that is silent is given up after 15 s, and one that stops in the middle after 60 s', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  let isAsked = false;
  api.intercept = (request, response) => {
    isAsked = true;
    if (request.url?.includes('limit=') === true && orders.failures.length > 0) {
      response.write('{"kind":');
    }
    return true;
  };
  const orders = fixture.subscribe('orders');
  await until(() => isAsked, 'the server is asked');
  fixture.clock.advance(15_000);
  await orders.untilFailures(1);
  await fixture.passPause();
  await until(() => [...fixture.clock.delays].some(({ ms }) => ms === 60_000), 'it has begun');
  fixture.clock.advance(60_000);
  await orders.untilFailures(2);
  assert.deepEqual(orders.failures, ['no answer within 15 s', 'no complete answer within 60 s']);
});

test('a server that ends every watch at once is not overrun, and that is told in the end', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.intercept = (request, response) => {
    if (request.url?.includes('watch=') === true) {
      response.end();
      return true;
    }
    return false;
  };
  const orders = fixture.subscribe('orders');
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    waits.push(await fixture.passPause());
  }
  assert.deepEqual(waits, [400, 800, 1600, 3200]);
  assert.deepEqual(orders.failures, ['every watch is ended at once']);
});

test('a watch that the server forgets to end is ended after its time', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  fixture.subscribe('orders');
  await fixture.untilWatching();
  assert.equal(api.countAsked(/timeoutSeconds=336(&|$)/), 1);
  fixture.clock.advance(watchLimitMs);
  await fixture.passPause();
  await until(() => api.countAsked(/watch=true/) === 2, 'the watch goes on');
  await fixture.untilWatching();
});

test('speaks TLS, and says who it is', async (t) => {
  const fixture = await KubernetesFixture.start(t, {}, 'https');
  const { api } = fixture;
  api.put({ name: 'orders', pods: [a] });
  await fixture.subscribe('orders').untilHosts('10.0.0.1:80');
  await fixture.untilWatching();
  assert.match([...api.userAgents].join(), /^pillion\/\d/);
});

test('thousands of events leave nothing behind', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  const changeMany = async (): Promise<number> => {
    for (let i = 0; i < 2000; i++) {
      const pods = [{ address: `10.0.${i % 200}.1` }, { address: `10.0.${i % 200}.2` }];
      api.put({ name: `orders-${i % 5}`, service: 'orders', pods });
      api.put({ name: `gone-${i}`, pods });
      api.remove(`gone-${i}`);
      if (i % 100 === 0) {
        await fixture.untilWatching();
      }
    }
    api.compact();
    api.put({ name: 'orders-end', service: 'orders', pods: [a] });
    await until(() => orders.lists.at(-1)?.includes('10.0.0.1:80') === true, 'all is told');
    api.remove('orders-end');
    await until(() => orders.lists.at(-1)?.includes('10.0.0.1:80') === false, 'all is told');
    orders.lists.length = 0;
    return heldHeapBytes();
  };
  let before = await changeMany();
  const grown: number[] = [];
  for (let i = 0; i < 3; i++) {
    const after = await changeMany();
    grown.push(after - before);
    before = after;
  }
  // What is left behind is in every round; what the process comes to hold besides is not.
  assert.ok(Math.min(...grown) < 300 * 1024, `${grown.join(', ')} bytes more`);
});
