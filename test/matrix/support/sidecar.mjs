/** The sidecar that a client is tried with. */

import { get } from 'node:http';
import { createSidecar } from './pillion.mjs';

const admin = 'tcp://127.0.0.1:9901';
const egress = 'tcp://127.0.0.1:9211';

/** No host listens there. */
const deadUrl = 'tcp://127.0.0.1:1';

/**
 * Starts a sidecar with the clusters `app`, `other` and `kept` of one host each; `flaky`, of whose
 * hosts one refuses connections, with a route that has a retry policy; and `sick`, whose host fails its
 * health checks.
 */
export async function startSidecar(hosts) {
  const cluster = (name, more) => ({
    name,
    type: 'static',
    lb_type: 'round_robin',
    connect_timeout_ms: 1000,
    hosts: [{ url: hosts.urlOf(name) }],
    ...more,
  });
  const sidecar = await createSidecar({
    config: {
      listeners: [egressListener()],
      admin: { access_log_path: '/dev/null', address: admin },
      cluster_manager: {
        clusters: [
          cluster('app'),
          cluster('other'),
          cluster('kept'),
          cluster('flaky', { hosts: [{ url: deadUrl }, { url: hosts.urlOf('flaky') }] }),
          cluster('sick', { health_check: healthCheck }),
        ],
      },
    },
    listenOn: { [admin]: 'tcp://127.0.0.1:0', [egress]: 'tcp://127.0.0.1:0' },
  });
  // Without it, requests go to all hosts as long as most of them are unhealthy.
  sidecar.runtime.set('upstream.healthy_panic_threshold', 0);
  return sidecar;
}

const healthCheck = {
  type: 'http',
  path: '/health',
  timeout_ms: 1000,
  interval_ms: 60_000,
  unhealthy_threshold: 1,
  healthy_threshold: 1,
};

/** Its route table is for the calls of the application; nobody connects to it. */
function egressListener() {
  const route = {
    prefix: '/',
    cluster: 'flaky',
    retry_policy: { retry_on: 'connect-failure', num_retries: 2 },
  };
  // A cluster that is reached by its name alone takes no WebSocket.
  const webSockets = ['app', 'other', 'sick'].map((cluster) => ({
    name: cluster,
    domains: [cluster],
    routes: [{ prefix: '/', cluster, use_websocket: true }],
  }));
  const flaky = { name: 'flaky', domains: ['flaky'], routes: [route] };
  const config = {
    codec_type: 'auto',
    stat_prefix: 'egress',
    route_config: { virtual_hosts: [flaky, ...webSockets] },
    filters: [{ name: 'router', config: {} }],
  };
  return { address: egress, filters: [{ name: 'http_connection_manager', config }] };
}

/** Reads the statistics of a sidecar. */
export async function readStats(sidecar) {
  const url = `${sidecar.admin.address.replace('tcp:', 'http:')}/stats`;
  const response = await new Promise((resolve, reject) => {
    get(url, { agent: false }, resolve).on('error', reject);
  });
  let text = '';
  for await (const chunk of response) text += chunk;
  const lines = text.trimEnd().split('\n');
  return new Map(lines.map((line) => line.split(': ')).map(([name, value]) => [name, +value]));
}
