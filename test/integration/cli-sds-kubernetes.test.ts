import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Command } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { writeKubeConfig } from '../support/kube-config-file.js';
import { KubernetesApiServer, respondStatus } from '../support/kubernetes-api-server.js';
import { runPillion, startPillion } from '../support/pillion-command.js';

const orders = 'orders.shop.svc.cluster.local';

interface Registry {
  readonly api: KubernetesApiServer;
  readonly command: Command;
  /** Asks for the registrations of a service. */
  ask(name?: string): Promise<{ readonly status: number; readonly text: string }>;
}

async function start(
  t: TestContext,
  flags: readonly string[] = [],
  prepare: (api: KubernetesApiServer) => void = () => {},
): Promise<Registry> {
  const api = await KubernetesApiServer.start(t, 'https');
  prepare(api);
  const file = await writeKubeConfig(t, api);
  const args = ['sds', '-http=127.0.0.1:0', '--kubeconfig', file, ...flags];
  const command = startPillion(t, ...args);
  const [, url] = await command.waitFor(/served at (http:\S+)/);
  const ask = async (name = orders): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${url}${name}`);
    return { status: response.status, text: await response.text() };
  };
  return { api, command, ask };
}

function hostsOf(text: string): string[] {
  const { hosts } = JSON.parse(text) as { hosts: { ip_address: string; port: number }[] };
  return hosts.map((host) => `${host.ip_address}:${host.port}`);
}

test('answers with the pods that are ready, as they come and go, without asking again', async (t) => {
  const { api, ask, command } = await start(t, [], (server) => {
    server.put({
      name: 'orders-1',
      service: 'orders',
      namespace: 'shop',
      ports: [
        { name: 'http', port: 8080 },
        { name: 'admin', port: 8001 },
      ],
      pods: [
        { address: '10.0.0.1', zone: 'eu-1a' },
        { address: '10.0.0.2', ready: false },
      ],
    });
  });
  const { status, text } = await ask();
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), {
    hosts: [{ ip_address: '10.0.0.1', port: 8080, tags: { az: 'eu-1a' } }],
  });
  const admin = await ask(`_admin._tcp.${orders}`);
  assert.deepEqual(hostsOf(admin.text), ['10.0.0.1:8001']);
  await api.untilWatches(1);
  const asked = api.asked.length;
  api.put({ name: 'orders-1', service: 'orders', namespace: 'shop', pods: [] });
  api.put({
    name: 'orders-2',
    service: 'orders',
    namespace: 'shop',
    pods: [{ address: '10.0.0.3' }],
  });
  await eventually('the new pod is told', async () =>
    hostsOf((await ask()).text).includes('10.0.0.3:80'),
  );
  assert.deepEqual(hostsOf((await ask()).text), ['10.0.0.3:80']);
  assert.equal(api.asked.length, asked);
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, { code: 0, signal: null });
});

test('a service without slices, without pods, or without ports has no hosts', async (t) => {
  const { ask } = await start(t, [], (server) => {
    server.put({ name: 'orders', namespace: 'shop', object: { ports: null, endpoints: null } });
    server.put({ name: 'users', namespace: 'shop', pods: [{ address: '10.0.0.1' }], ports: [] });
  });
  for (const name of [orders, `users.shop.svc.cluster.local`, 'nobody.at.svc.cluster.local']) {
    assert.deepEqual(await ask(name), { status: 200, text: '{\n  "hosts": []\n}' });
  }
  for (const name of ['', 'orders', 'orders.shop', 'a.orders.shop.svc.cluster.local']) {
    assert.equal((await ask(name)).status, 400, name);
  }
});

test('watches the namespaces that are named, and answers 500 for others', async (t) => {
  const { api, ask, command } = await start(t, ['-n', 'shop', '--namespace=bank'], (server) => {
    server.put({ name: 'orders', namespace: 'shop', pods: [{ address: '10.0.0.1' }] });
    server.put({ name: 'orders', namespace: 'bank', pods: [{ address: '10.0.0.2' }] });
  });
  assert.deepEqual(hostsOf((await ask()).text), ['10.0.0.1:80']);
  assert.deepEqual(hostsOf((await ask('orders.bank.svc.cluster.local')).text), ['10.0.0.2:80']);
  assert.equal((await ask('orders.default.svc.cluster.local')).status, 500);
  // A stranger cannot write lines of the log.
  assert.equal((await ask('orders.a%0A[critical]%20b.svc.cluster.local')).status, 500);
  await command.waitFor(/the namespace "a\\n\[critical\] b" is not watched/);
  await api.untilWatches(2);
  assert.equal(api.countAsked(/v1\/endpointslices/), 0);
});

test('answers 500 while it may not ask, says which right is missing, and goes on when it may', async (t) => {
  const { api, ask, command } = await start(t, [], (server) => {
    server.put({ name: 'orders', namespace: 'shop', pods: [{ address: '10.0.0.1' }] });
    server.intercept = (_request, response) => {
      respondStatus(response, 403, 'endpointslices.discovery.k8s.io is forbidden');
      return true;
    };
  });
  assert.equal((await ask()).status, 500);
  await command.waitFor(/\[error\] Kubernetes, all namespaces: status 403: .* a ClusterRole with/);
  api.intercept = () => false;
  await eventually('it answers', async () => (await ask()).status === 200);
  assert.deepEqual(hostsOf((await ask()).text), ['10.0.0.1:80']);
  api.intercept = (_request, response) => {
    respondStatus(response, 403, 'forbidden');
    return true;
  };
  api.dropWatches();
  await command.waitFor(/the hosts that were known last stay/);
  assert.deepEqual(hostsOf((await ask()).text), ['10.0.0.1:80']);
});

test('starts without an API server, and finds it when it comes', async (t) => {
  const api = await KubernetesApiServer.start(t, 'https');
  const file = await writeKubeConfig(t, api);
  const { port } = api;
  await api.close();
  const command = startPillion(t, 'sds', '--http=127.0.0.1:0', '--kubeconfig', file);
  const [, url] = await command.waitFor(/served at (http:\S+)/);
  assert.equal((await fetch(`${url}${orders}`)).status, 500);
  await api.listen(port);
  await eventually('it answers', async () => (await fetch(`${url}${orders}`)).status === 200);
});

test('ends with 1 if there is no way to Kubernetes, and says why', async (t) => {
  const api = await KubernetesApiServer.start(t, 'https');
  const file = await writeKubeConfig(t, api);
  for (const [flags, message] of [
    [['--kubeconfig', '/nowhere'], /^pillion sds: \/nowhere cannot be read: /],
    [
      ['--kubeconfig', file, '--context', 'none'],
      /^pillion sds: .* has no context "none"; there are: main/,
    ],
  ] as const) {
    const { code, stdout, stderr } = await runPillion(t, 'sds', '--http=127.0.0.1:0', ...flags);
    assert.match(stderr, message);
    assert.deepEqual([code, stdout], [1, '']);
  }
});

test('a signal ends it at once while it still waits for Kubernetes', async (t) => {
  const api = await KubernetesApiServer.start(t, 'https');
  let isAsked = false;
  api.intercept = () => {
    isAsked = true;
    return true;
  };
  const file = await writeKubeConfig(t, api);
  const command = startPillion(t, 'sds', '--http=127.0.0.1:0', '--kubeconfig', file);
  await eventually('it asks', () => isAsked);
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, { code: 143, signal: null });
});
