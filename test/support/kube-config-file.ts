import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { KubernetesApiServer } from './kubernetes-api-server.js';
import { writeTemporary } from './pillion-command.js';
import { tlsFile } from './tls-client.js';

/** Writes a kubeconfig for one test and resolves to its path. Its context `main` is the server. */
export async function writeKubeConfig(t: TestContext, api: KubernetesApiServer): Promise<string> {
  const authority = readFileSync(tlsFile('authority.pem')).toString('base64');
  return await writeTemporary(
    t,
    'kubeconfig.yaml',
    `apiVersion: v1
kind: Config
current-context: main
clusters:
  - name: test
    cluster:
      server: ${api.url}
      certificate-authority-data: ${authority}
  - name: nowhere
    cluster: { server: "https://127.0.0.1:1" }
users:
  - name: test
    user: { token: ${api.token} }
contexts:
  - name: main
    context: { cluster: test, user: test }
  - name: other
    context: { cluster: nowhere, user: test }
  - name: broken
    context: { cluster: none, user: test }
`,
  );
}
