/**
 * A program whose only work are outbound calls that a rate limit service is asked about, for a test
 * of when it ends. The arguments are the ports of its host and of the service, and what it does.
 */
import { createSidecar } from '../../lib/index.js';
import { adminAddress, buildConfig, listenerAddress, staticCluster } from './config-builder.js';

const [port, servicePort, task] = process.argv.slice(2);

const config = buildConfig({
  clusters: [
    staticCluster('app', [`tcp://127.0.0.1:${port}`]),
    staticCluster('ratelimit', [`tcp://127.0.0.1:${servicePort}`]),
  ],
  virtualHosts: [
    {
      name: 'app',
      domains: ['app'],
      routes: [{ prefix: '/', cluster: 'app' }],
      rate_limits: [{ actions: [{ type: 'generic_key', descriptor_value: 'a' }] }],
    },
  ],
  manager: {
    filters: [
      { name: 'rate_limit', config: { domain: 'test', timeout_ms: 2000 } },
      { name: 'router', config: {} },
    ],
  },
  rateLimitService: { type: 'grpc_service', config: { cluster_name: 'ratelimit' } },
});

const sidecar = await createSidecar({
  config,
  listenOn: { [listenerAddress]: 'tcp://127.0.0.1:0', [adminAddress]: 'tcp://127.0.0.1:0' },
});
const response = await sidecar.request('http://app/');
process.stdout.write(`${response.statusCode} ${await response.body.text()}\n`);
if (task === 'close') {
  await sidecar.close();
}
process.on('exit', () => process.stdout.write('the end\n'));
