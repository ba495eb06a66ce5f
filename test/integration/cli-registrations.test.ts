import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildConfig } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { send } from '../support/http-client.js';
import { writeKubeConfig } from '../support/kube-config-file.js';
import { KubernetesApiServer } from '../support/kubernetes-api-server.js';
import {
  bindAnywhere,
  listenerPort,
  runPillion,
  startPillion,
  writeTemporary,
} from '../support/pillion-command.js';

const config = JSON.stringify(
  buildConfig({
    clusters: [
      {
        name: 'app',
        type: 'sds',
        service_name: 'orders.shop.svc.cluster.local',
        connect_timeout_ms: 250,
        lb_type: 'round_robin',
      },
    ],
  }),
);

test('--registrations kubernetes finds the pods without a discovery service', async (t) => {
  const api = await KubernetesApiServer.start(t, 'https');
  const pod = await FakeUpstream.start();
  t.after(() => pod.close());
  const ports = [{ name: 'http', port: pod.port }];
  api.put({ name: 'orders', namespace: 'shop', ports, pods: [{ address: '127.0.0.1' }] });
  const path = await writeTemporary(t, 'envoy.json', config);
  process.env['KUBECONFIG'] = await writeKubeConfig(t, api);
  const args = ['-c', path, '--registrations', 'kubernetes', ...bindAnywhere];
  const command = startPillion(t, ...args);
  delete process.env['KUBECONFIG'];
  const { text } = await send(await listenerPort(command));
  assert.equal(text, 'hello');
  assert.equal(api.countAsked(/namespaces\/shop\/endpointslices/), api.asked.length);
  await api.untilWatches(1);
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, { code: 0, signal: null });
});

test('a configuration without a discovery service is checked and explained with the flag alone', async (t) => {
  const path = await writeTemporary(t, 'envoy.json', config);
  const flag = '--registrations=kubernetes';
  const validate = ['-c', path, '--mode', 'validate'];
  const explain = ['explain', '-c', path, 'http://foo.com/'];
  for (const args of [validate, [...validate, '--json'], explain]) {
    assert.equal((await runPillion(t, ...args)).code, 1, args.join(' '));
    assert.equal((await runPillion(t, ...args, flag)).code, 0, args.join(' '));
  }
  const { code, stderr } = await runPillion(t, ...validate, '--registrations=consul');
  assert.equal(code, 2);
  assert.match(stderr, /--registrations must be one of kubernetes; it is "consul"/);
});
