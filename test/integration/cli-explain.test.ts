import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { explainConfig, validateConfig } from '../../lib/config-report.js';
import { buildConfig, staticCluster } from '../support/config-builder.js';
import { runPillion, writeTemporary } from '../support/pillion-command.js';
import { projectRoot } from '../support/project-root.js';
import { TestProxy } from '../support/proxy.js';

const edge = join(projectRoot, 'test', 'support', 'seed', 'edge-envoy', 'envoy.json');
const service = 'flask-app-envoy-service.default.svc.cluster.local';

test('pillion explain says what becomes of a request', async (t) => {
  const { code, stdout, stderr } = await runPillion(t, 'explain', '-c', edge, 'http://foo.com/x');
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(
    stdout,
    `GET http://foo.com/x
  listener          tcp://0.0.0.0:80
  virtual host      backend, by the domain foo.com
  routes[0]         yes: path begins with "/"
  cluster           ${service}
  timeout           none
  retries           none
`,
  );
});

test('pillion explain gives the same as JSON, and through the API', async (t) => {
  const args = ['-c', edge, 'POST', 'http://foo.com/x', '-H', 'x-a: b', '--json'];
  const { code, stdout } = await runPillion(t, 'explain', ...args);
  assert.equal(code, 0);
  const printed: unknown = JSON.parse(stdout);
  const request = { method: 'POST', url: 'http://foo.com/x', headers: { 'x-a': 'b' } };
  const explained = await explainConfig(edge, request);
  assert.deepEqual(printed, toNulls(explained));
  assert.equal(explained.outcome.kind === 'forward' && explained.outcome.cluster, service);
});

function toNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, member: unknown) => member ?? null));
}

async function writeRoutes(t: TestContext, routes: object[], listener = {}): Promise<string> {
  const clusters = [staticCluster('a', ['tcp://127.0.0.1:1'])];
  const virtualHosts = [{ name: 'h', domains: ['*'], routes }];
  const config = buildConfig({ clusters, virtualHosts, listener });
  return writeTemporary(t, 'envoy.json', JSON.stringify(config));
}

test('pillion explain explains what is not supported, with a warning', async (t) => {
  const routes = [
    { prefix: '/x', cluster: 'a', headers: [{ name: 'x-a', value: '1' }] },
    { prefix: '/', cluster: 'a', prefix_rewrite: '/v2/', retry_policy: { retry_on: '5xx' } },
  ];
  const path = await writeRoutes(t, routes, { use_original_dst: true });
  const lenient = await runPillion(t, 'explain', '-c', path, 'http://foo.com/x');
  assert.equal(lenient.code, 0);
  assert.match(lenient.stderr, /^warning: listeners\[0\]\.use_original_dst: known but not supp/);
  assert.match(lenient.stdout, /routes\[0\] +no: header x-a is "1", but it is missing\n/);
  assert.match(lenient.stdout, /path +\/x -> \/v2\/x\n/);
  assert.match(lenient.stdout, /retries +once, after 5xx\n/);
  const strict = await runPillion(t, 'explain', '-c', path, '--unsupported=error', 'http://a/');
  assert.equal(strict.code, 1);
  assert.match(strict.stderr, /refused, 1 problem/);
});

test('what would be left out is explained all the same', async () => {
  const clusters = [staticCluster('a', ['tcp://127.0.0.1:80'])];
  const listener = { use_proxy_proto: true };
  const config = buildConfig({ clusters, listener });
  const { outcome, warnings } = await explainConfig(config, { url: 'http://foo.com/' });
  assert.equal(outcome.kind === 'forward' && outcome.cluster, 'a');
  assert.deepEqual(
    warnings.map(({ path }) => path),
    ['listeners[0].use_proxy_proto'],
  );
  await assert.rejects(
    explainConfig(config, { url: 'http://foo.com/' }, { unsupported: 'error' }),
    {
      code: 'SIDECAR_CONFIG_INVALID',
    },
  );
});

test('a running sidecar explains as it serves', async (t) => {
  const proxy = await TestProxy.start(t, { route: { prefix_rewrite: '/v2/' } });
  const { outcome, listener } = proxy.sidecar.explain({ url: 'http://foo.com/x' });
  assert.equal(outcome.kind === 'forward' && outcome.path, '/v2/x');
  assert.equal(listener.address, 'tcp://0.0.0.0:80');
});

const wrongUsage: [args: string[], message: RegExp][] = [
  [['http://foo.com/'], /which configuration\? Name it by --config-path \(-c\)/],
  [['-c', edge], /which request\? Name it by method and URL/],
  [['-c', edge, 'GET', 'http://a/', 'b'], /which request\?/],
  [['-c', edge, 'foo.com'], /write http:\/\/foo\.com/],
  [['-c', edge, 'http://a/', '-H', 'novalue'], /--header must be a name and a value/],
  [['-c', edge, 'http://a/', '--runtime', 'a'], /--runtime must be KEY=NUMBER/],
  [['-c', edge, 'http://a/', '--listener', 'b'], /listener is "b", but the listeners are/],
  [['-c', edge, 'http://a/', '--jsonn'], /did you mean --json\?/],
];

for (const [args, message] of wrongUsage) {
  test(`pillion explain ${args.slice(-2).join(' ')} is wrong usage`, async (t) => {
    const { code, stdout, stderr } = await runPillion(t, 'explain', ...args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, message);
    assert.match(stderr, /^pillion explain: /);
  });
}

test('a broken configuration ends pillion explain with 1 and every problem', async (t) => {
  const path = await writeTemporary(t, 'envoy.json', '{ "listeners": 1, "admin": 2 }');
  const { code, stderr } = await runPillion(t, 'explain', '-c', path, 'http://foo.com/');
  assert.equal(code, 1);
  assert.match(stderr, /refused, 3 problems/);
});

test('--mode validate prints a report as JSON for machines', async (t) => {
  const good = await runPillion(t, '-c', edge, '--mode', 'validate', '--json');
  assert.equal(good.code, 0);
  assert.deepEqual(JSON.parse(good.stdout), { problems: [], warnings: [] });
  const path = await writeTemporary(t, 'envoy.json', '{\n  "listeners": 1\n}\n');
  const bad = await runPillion(t, '-c', path, '--mode', 'validate', '--json');
  assert.equal(bad.code, 1);
  const report: unknown = JSON.parse(bad.stdout);
  assert.deepEqual(report, await validateConfig(path));
  const { problems } = await validateConfig(path);
  assert.deepEqual(
    problems.find(({ path }) => path === 'listeners'),
    {
      path: 'listeners',
      message: 'expected an array, found 1; put [ ] around it',
      line: 2,
      column: 3,
    },
  );
  const serve = await runPillion(t, '-c', edge, '--json');
  assert.equal(serve.code, 2);
  assert.match(serve.stderr, /--json goes with --mode validate/);
});

test('a configuration in YAML is read by the ending of its name', async (t) => {
  const yaml = `# The least that there can be.
listeners: []
admin: { access_log_path: /dev/null, address: 'tcp://127.0.0.1:9901' }
cluster_manager:
  clusters:
    - { name: a, type: static, lb_type: round_robin, connect_timeout: 5 }
`;
  const path = await writeTemporary(t, 'envoy.yaml', yaml);
  const { code, stderr } = await runPillion(t, '-c', path, '--mode', 'validate');
  assert.equal(code, 1);
  assert.match(stderr, /connect_timeout: unknown key; did you mean "connect_timeout_ms"\?/);
  assert.match(stderr, /\(line 6, column 54\)/);
});
