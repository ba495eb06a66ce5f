import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { validateConfig } from '../lib/index.js';
import { Command } from './support/command.js';
import { examplePath } from './support/demo.js';
import { findFreePorts } from './support/free-ports.js';
import { send } from './support/http-client.js';
import { writeKubeConfig } from './support/kube-config-file.js';
import { KubernetesApiServer } from './support/kubernetes-api-server.js';
import { runPillion } from './support/pillion-command.js';

const folders = ['app', 'edge', 'discovery'] as const;

/** Returns what stands at a place of a document; `undefined` if there is nothing. */
function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined,
    value,
  );
}

function listAt(value: unknown, ...keys: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...keys);
  assert.ok(Array.isArray(found), `${keys.join('.')} is a list`);
  return found;
}

function textAt(value: unknown, ...keys: readonly (string | number)[]): string {
  const found = at(value, ...keys);
  assert.ok(typeof found === 'string', `${keys.join('.')} is a text`);
  return found;
}

function path(...parts: readonly string[]): string {
  return examplePath(join('kubernetes', ...parts));
}

function readManifests(...parts: readonly string[]): unknown[] {
  return parseAllDocuments(readFileSync(path(...parts), 'utf8')).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
}

function readKustomization(folder: string): unknown {
  return readManifests(folder, 'kustomization.yaml')[0];
}

/** Everything that the kustomization of a folder applies. */
function readFolder(folder: string): unknown[] {
  const files = listAt(readKustomization(folder), 'resources');
  return files.flatMap((file) => readManifests(folder, String(file)));
}

function ofKind(manifests: readonly unknown[], kind: string): unknown {
  const found = manifests.filter((manifest) => at(manifest, 'kind') === kind);
  assert.equal(found.length, 1, `one ${kind}`);
  return found[0];
}

function readPod(folder: string): unknown {
  return at(ofKind(readFolder(folder), 'Deployment'), 'spec', 'template');
}

for (const folder of folders) {
  const manifests = readFolder(folder);
  const deployment = ofKind(manifests, 'Deployment');
  const pod = readPod(folder);
  const container = at(pod, 'spec', 'containers', 0);

  test(`kubernetes/${folder}: the versions of the API are those of today`, () => {
    const versions = manifests.map((manifest) => [
      at(manifest, 'kind'),
      at(manifest, 'apiVersion'),
    ]);
    const isClusterWide = folder === 'discovery';
    assert.deepEqual(Object.fromEntries(versions), {
      ServiceAccount: 'v1',
      [isClusterWide ? 'ClusterRole' : 'Role']: 'rbac.authorization.k8s.io/v1',
      [isClusterWide ? 'ClusterRoleBinding' : 'RoleBinding']: 'rbac.authorization.k8s.io/v1',
      Deployment: 'apps/v1',
      Service: 'v1',
    });
  });

  test(`kubernetes/${folder}: labels and ports match each other`, () => {
    const labels = at(pod, 'metadata', 'labels');
    assert.ok(labels !== undefined);
    assert.deepEqual(at(deployment, 'spec', 'selector', 'matchLabels'), labels);
    const service = ofKind(manifests, 'Service');
    assert.deepEqual(at(service, 'spec', 'selector'), labels);
    const portNames = listAt(container, 'ports').map((port) => at(port, 'name'));
    const [servicePort] = listAt(service, 'spec', 'ports');
    assert.equal(at(servicePort, 'port'), 80);
    assert.ok(portNames.includes(at(servicePort, 'targetPort')));
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const check = at(container, probe, 'httpGet') ?? at(container, probe, 'tcpSocket');
      assert.ok(check === undefined || portNames.includes(at(check, 'port')), probe);
    }
    assert.ok(at(container, 'readinessProbe') !== undefined);
  });

  test(`kubernetes/${folder}: the pods have the rights that they need, and no others`, () => {
    const account = textAt(ofKind(manifests, 'ServiceAccount'), 'metadata', 'name');
    assert.equal(at(pod, 'spec', 'serviceAccountName'), account);
    const prefix = folder === 'discovery' ? 'Cluster' : '';
    const binding = ofKind(manifests, `${prefix}RoleBinding`);
    const role = ofKind(manifests, `${prefix}Role`);
    assert.equal(at(binding, 'roleRef', 'kind'), at(role, 'kind'));
    assert.equal(at(binding, 'roleRef', 'name'), at(role, 'metadata', 'name'));
    const [subject, ...others] = listAt(binding, 'subjects');
    assert.deepEqual(others, []);
    assert.deepEqual([at(subject, 'kind'), at(subject, 'name')], ['ServiceAccount', account]);
    assert.deepEqual(at(role, 'rules'), [
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ]);
    assert.equal(listAt(pod, 'spec', 'containers').length, 1, 'one container');
    assert.equal(at(pod, 'spec', 'securityContext', 'runAsNonRoot'), true);
    assert.equal(at(container, 'securityContext', 'allowPrivilegeEscalation'), false);
    assert.ok(at(container, 'resources', 'requests', 'memory') !== undefined);
  });
}

for (const folder of ['app', 'edge'] as const) {
  const kustomization = readKustomization(folder);
  const pod = at(readPod(folder), 'spec');
  const container = at(pod, 'containers', 0);
  const args = listAt(container, 'args').map(String);

  test(`kubernetes/${folder}: the configuration is mounted where it is read`, () => {
    const generated = at(kustomization, 'configMapGenerator', 0);
    assert.deepEqual(at(generated, 'files'), ['envoy.json']);
    assert.equal(at(pod, 'volumes', 0, 'configMap', 'name'), at(generated, 'name'));
    const mount = at(container, 'volumeMounts', 0);
    assert.equal(at(mount, 'name'), at(pod, 'volumes', 0, 'name'));
    const argument = args.find((text) => /^--config/.test(text));
    assert.equal(argument?.split('=')[1], `${textAt(mount, 'mountPath')}/envoy.json`);
  });

  test(`kubernetes/${folder}: the configuration is right, and names the service that there is`, async () => {
    const file = path(folder, 'envoy.json');
    assert.deepEqual(await validateConfig(file, { registrations: true }), {
      problems: [],
      warnings: [],
    });
    const config: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const names = listAt(config, 'cluster_manager', 'clusters').flatMap(
      (cluster) => at(cluster, 'service_name') ?? [],
    );
    const service = textAt(ofKind(readFolder('app'), 'Service'), 'metadata', 'name');
    const namespace = textAt(readKustomization('app'), 'namespace');
    assert.deepEqual(names, [`${service}.${namespace}.svc.cluster.local`]);
    assert.equal(at(kustomization, 'namespace'), namespace);
    const addresses = [
      textAt(config, 'listeners', 0, 'address'),
      textAt(config, 'admin', 'address'),
    ];
    assert.deepEqual(
      listAt(container, 'ports').map((port) => at(port, 'containerPort')),
      addresses.map((address) => Number(address.split(':').at(-1))),
    );
    const routes = at(config, 'listeners', 0, 'filters', 0, 'config', 'route_config');
    assert.deepEqual(at(container, 'readinessProbe', 'httpGet', 'httpHeaders'), [
      { name: 'Host', value: at(routes, 'virtual_hosts', 0, 'domains', 0) },
    ]);
  });

  test(`kubernetes/${folder}: there is time to drain before the pod is killed`, () => {
    const readArgument = (name: string): number => {
      const found = args.find((text) => text.startsWith(`--${name}=`));
      return Number(found?.split('=')[1] ?? 0);
    };
    const sleep = Number(at(container, 'lifecycle', 'preStop', 'exec', 'command', 1) ?? 0);
    const delayMs = readArgument('drain-delay-ms') + sleep * 1000;
    const drainMs = readArgument('drain-timeout-ms') + readArgument('drain-time-s') * 1000;
    assert.ok(delayMs >= 5000 && drainMs >= 10_000);
    const graceMs = Number(at(pod, 'terminationGracePeriodSeconds')) * 1000;
    assert.ok(graceMs >= delayMs + drainMs + 5000);
  });
}

test('kubernetes/edge: the command line is one that the command takes', async (t) => {
  const container = at(readPod('edge'), 'spec', 'containers', 0);
  const args = listAt(container, 'args').map(String);
  const file = `--config-path=${path('edge', 'envoy.json')}`;
  const own = args.map((argument) => (argument.startsWith('--config-path=') ? file : argument));
  const { code, stdout, stderr } = await runPillion(t, ...own, '--mode', 'validate');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /OK$/m);
  assert.equal(at(container, 'command', 0), 'node_modules/.bin/pillion');
});

test('kubernetes/discovery: it is found where configurations look for it', () => {
  const service = ofKind(readFolder('discovery'), 'Service');
  const name = textAt(service, 'metadata', 'name');
  const namespace = textAt(readKustomization('discovery'), 'namespace');
  const edge: unknown = JSON.parse(readFileSync(examplePath('edge/envoy.json'), 'utf8'));
  assert.equal(
    at(edge, 'cluster_manager', 'sds', 'cluster', 'hosts', 0, 'url'),
    `tcp://${name}.${namespace}:${at(service, 'spec', 'ports', 0, 'port')}`,
  );
});

test('kubernetes: the application serves, finds its neighbors, and leaves in peace', async (t) => {
  const api = await KubernetesApiServer.start(t, 'https');
  const [port = 0, adminPort = 0] = await findFreePorts(2);
  api.put({
    name: 'flask-app-envoy-service-x7',
    service: 'flask-app-envoy-service',
    ports: [{ name: 'http', port }],
    pods: [{ address: '127.0.0.1' }],
  });
  process.env['KUBECONFIG'] = await writeKubeConfig(t, api);
  const command = Command.start(t, [
    '--throw-deprecation',
    path('server.js'),
    `--port=${port}`,
    `--admin-port=${adminPort}`,
    '--drain-delay-ms=0',
  ]);
  delete process.env['KUBECONFIG'];
  await command.waitFor(/ serves on tcp:/);
  const get = async (target: string): Promise<string> => {
    const { status, text } = await send(port, { path: target, headers: { host: 'foo.com' } });
    return `${status} ${text}`;
  };
  assert.equal(await get('/'), '200 Hello, World!');
  assert.match(await get('/neighbor'), /^200 I am fine! <pod: /);
  assert.equal(await get('/nothing'), '404 Not Found');
  const { status } = await send(adminPort, { path: '/server_info' });
  assert.equal(status, 200);
  await api.untilWatches(1);
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, { code: 0, signal: null });
  assert.equal(command.stderr, '');
});
