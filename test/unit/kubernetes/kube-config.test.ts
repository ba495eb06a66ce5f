import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SidecarError, type SidecarErrorCode } from '../../../lib/base/errors.js';
import {
  type KubeConfigChoice,
  type LoadKubernetesClient,
  loadKubeConfig,
  requireKubernetesClient,
} from '../../../lib/kubernetes/kube-config.js';
import { kubernetesRegistrations } from '../../../lib/kubernetes/kubernetes-registrations.js';
import { writeKubeConfig } from '../../support/kube-config-file.js';
import { KubernetesApiServer } from '../../support/kubernetes-api-server.js';
import { writeTemporary } from '../../support/pillion-command.js';

const noChoice = { file: undefined, context: undefined, serviceAccountPrefix: undefined };

function hasCode(code: SidecarErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SidecarError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

/** Sets an environment variable for one test. */
function setVariable(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) {
      delete process.env[name];
    } else {
      process.env[name] = before;
    }
  });
}

/** Notes what a `KubeConfig` is asked to load. */
function recordLoads(loads: string[]): LoadKubernetesClient {
  return async () => ({
    KubeConfig: class {
      context = 'current';
      getCurrentContext = () => this.context;
      getCurrentCluster = () => ({ server: 'https://127.0.0.1:1' });
      getContexts = () => [{ name: 'current' }, { name: 'other' }];
      setCurrentContext = (name: string) => {
        this.context = name;
      };
      loadFromFile = (path: string) => loads.push(`file ${path}`);
      loadFromDefault = () => loads.push('default');
      loadFromCluster = (prefix: string) => loads.push(`cluster ${prefix}`);
    },
  });
}

test('a package that is missing is told with the command that installs it', async () => {
  const version = process.versions.node.startsWith('20.') ? '@1' : '';
  const command = new RegExp(`run \`npm install @kubernetes/client-node${version}\`$`);
  const expected = hasCode('SIDECAR_PACKAGE_MISSING', command);
  const missing = (): never => {
    throw new Error("Cannot find package '@kubernetes/client-node'");
  };
  assert.throws(() => requireKubernetesClient(missing), expected);
  await assert.rejects(
    loadKubeConfig(noChoice, async () => missing()),
    expected,
  );
  // It is installed here, and in bundled programs nobody can know before.
  requireKubernetesClient();
  requireKubernetesClient(undefined);
});

test('the way to the API server is the file, KUBECONFIG, the service account, or the usual file', async (t) => {
  setVariable(t, 'KUBECONFIG', '');
  setVariable(t, 'KUBERNETES_SERVICE_HOST', '');
  const loads: string[] = [];
  const load = (choice: Partial<KubeConfigChoice>): unknown =>
    loadKubeConfig({ ...noChoice, ...choice }, recordLoads(loads));
  await load({ file: '/a/b' });
  await load({});
  process.env['KUBERNETES_SERVICE_HOST'] = '10.0.0.1';
  await load({});
  await load({ serviceAccountPrefix: '/root-of-the-pod' });
  await load({ file: '/a/b' });
  await load({ context: 'other' });
  process.env['KUBECONFIG'] = '/c/d';
  await load({});
  assert.deepEqual(loads, [
    'file /a/b',
    'default',
    'cluster ',
    'cluster /root-of-the-pod',
    'file /a/b',
    'default',
    'default',
  ]);
});

test('the current context of a file is taken, or the one that is named', async (t) => {
  const api = await KubernetesApiServer.start(t, 'https');
  const file = await writeKubeConfig(t, api);
  const kubeConfig = await loadKubeConfig({ ...noChoice, file });
  assert.equal(kubeConfig.getCurrentCluster()?.server, api.url);
  const other = await loadKubeConfig({ ...noChoice, file, context: 'other' });
  assert.equal(other.getCurrentCluster()?.server, 'https://127.0.0.1:1');
});

test('a kubeconfig that is missing, broken, or lacks what is named, is told as such', async (t) => {
  const unreadable = (message: RegExp): ((error: unknown) => boolean) =>
    hasCode('SIDECAR_CONFIG_UNREADABLE', message);
  const api = await KubernetesApiServer.start(t, 'https');
  const file = await writeKubeConfig(t, api);
  const load = (choice: Partial<KubeConfigChoice>): Promise<unknown> =>
    loadKubeConfig({ ...noChoice, ...choice });
  await assert.rejects(load({ file: '/nowhere' }), unreadable(/^\/nowhere cannot be read: ENOENT/));
  const text = await writeTemporary(t, 'kubeconfig', 'a: [');
  await assert.rejects(load({ file: text }), unreadable(/kubeconfig cannot be read: /));
  const empty = await writeTemporary(t, 'kubeconfig', '');
  await assert.rejects(load({ file: empty }), unreadable(/kubeconfig cannot be read: /));
  await assert.rejects(
    load({ file, context: 'none' }),
    unreadable(/no context "none"; there are: main, other, broken/),
  );
  await assert.rejects(
    load({ file, context: 'broken' }),
    unreadable(/names no cluster for the context "broken"/),
  );
  setVariable(t, 'KUBECONFIG', '');
  setVariable(t, 'KUBERNETES_SERVICE_HOST', '');
  setVariable(t, 'HOME', '/nowhere');
  await assert.rejects(load({}), unreadable(/^no way to Kubernetes: /));
});

test('options that make no sense are refused, with what would', () => {
  const kubeConfig = { getCurrentContext: () => '', getCurrentCluster: () => null };
  for (const [options, message] of [
    [null, /takes an object/],
    [[], /takes an object/],
    [{ namespace: 'a' }, /unknown option "namespace"; there are: namespaces, /],
    [{ namespaces: 'shop' }, /namespaces is "shop", expected "all" or an array of names/],
    [{ namespaces: [''] }, /namespaces is an array, expected/],
    [{ namespaces: [] }, /namespaces is an empty array, expected/],
    [{ logger: {} }, /logger has no method "debug"/],
    [{ logger: null }, /logger has no method "debug"/],
    [{ clusterDomain: '' }, /clusterDomain is "", expected a string/],
    [{ kubeConfigFile: 1 }, /kubeConfigFile is 1, expected a string/],
    [{ context: '' }, /context is "", expected a string/],
    [{ kubeConfig }, /no method "applyToHTTPSOptions"/],
    [
      { kubeConfig: { ...kubeConfig, applyToHTTPSOptions: async () => {} }, context: 'a' },
      /kubeConfig goes without/,
    ],
  ] as const) {
    assert.throws(
      // Wrong on purpose.
      () => kubernetesRegistrations(options as object),
      hasCode('SIDECAR_OPTION_INVALID', message),
    );
  }
});
