import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { KubernetesApiServer } from '../support/kubernetes-api-server.js';
import { createDirectory } from '../support/pillion-command.js';
import { tlsFile } from '../support/tls-client.js';

const script = join(import.meta.dirname, '../support/kubernetes-script.js');
const accountPath = 'var/run/secrets/kubernetes.io/serviceaccount';

interface Pod {
  readonly api: KubernetesApiServer;
  readonly command: Command;
  /** Replaces the token of the service account. */
  setToken(token: string): Promise<void>;
}

/** Runs the script as in a pod, with the files and variables that Kubernetes gives one. */
async function startPod(t: TestContext, count: number): Promise<Pod> {
  const api = await KubernetesApiServer.start(t, 'https');
  const root = await createDirectory(t);
  const account = join(root, accountPath);
  await mkdir(account, { recursive: true });
  const setToken = (token: string): Promise<void> => writeFile(join(account, 'token'), token);
  await setToken(api.token);
  await cp(tlsFile('authority.pem'), join(account, 'ca.crt'));
  await writeFile(join(account, 'namespace'), 'default');
  const variables = { KUBECONFIG: '', KUBERNETES_SERVICE_HOST: '127.0.0.1' };
  Object.assign(process.env, variables, { KUBERNETES_SERVICE_PORT: String(api.port) });
  const command = Command.start(t, [
    '--unhandled-rejections=strict',
    '--throw-deprecation',
    script,
    root,
    String(count),
  ]);
  for (const name of [...Object.keys(variables), 'KUBERNETES_SERVICE_PORT']) {
    delete process.env[name];
  }
  return { api, command, setToken };
}

test('a pod finds the API server by its service account, and a program that waits no more ends', async (t) => {
  const { api, command } = await startPod(t, 2);
  await command.waitFor(/^hosts $/m);
  await api.untilWatches(1);
  api.put({ name: 'orders', pods: [{ address: '10.0.0.1' }] });
  assert.deepEqual(await command.exited, { code: 0, signal: null });
  assert.equal(command.stdout, 'hosts \nhosts 10.0.0.1\n');
  assert.equal(command.stderr, '');
});

test('a token that was replaced is read anew', async (t) => {
  const { api, command, setToken } = await startPod(t, 2);
  await command.waitFor(/^hosts $/m);
  await api.untilWatches(1);
  api.token = 'second-token';
  api.put({ name: 'orders-old', service: 'users' });
  api.dropWatches();
  await command.waitFor(/^failure status 401: Unauthorized/m);
  await setToken('second-token');
  assert.deepEqual(await command.exited, { code: 0, signal: null });
});

test('a program that only subscribes does not stay, whatever the API server does', async (t) => {
  const { api, command } = await startPod(t, 0);
  api.intercept = () => true;
  assert.deepEqual(await command.exited, { code: 0, signal: null });
  assert.equal(command.stderr, '');
});
