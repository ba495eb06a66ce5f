/** The sidecar under test, in the configurations that the bench needs. */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { settings } from '../child.mjs';

const build = pathToFileURL(resolve(settings.dist, 'lib/index.js'));
const { createSidecar } = await import(build);

const admin = 'tcp://127.0.0.1:8001';

/** The address that a listener has in the configuration; it is bound on a free port. */
const listenerAddress = 'tcp://127.0.0.1:8080';

/** Starts a sidecar from the parts of an `envoy.json` that differ between contenders. */
export function startSidecar({ listeners = [], clusterManager, ...options }) {
  const config = {
    listeners,
    admin: { access_log_path: '/dev/null', address: admin },
    cluster_manager: clusterManager,
  };
  const addresses = [admin, ...listeners.map(({ address }) => address)];
  const listenOn = Object.fromEntries(addresses.map((each) => [each, 'tcp://127.0.0.1:0']));
  return createSidecar({ config, listenOn, ...options });
}

/** The port on which the first listener was bound. */
export function boundPort(sidecar) {
  return Number(new URL(sidecar.listeners[0].address).port);
}

/** A static cluster of hosts on loopback. */
export function staticCluster(name, ports) {
  return {
    name,
    connect_timeout_ms: 250,
    type: 'static',
    lb_type: 'round_robin',
    hosts: ports.map((port) => ({ url: `tcp://127.0.0.1:${port}` })),
  };
}

/** A listener that sends whatever comes to one cluster. */
export function httpListener(cluster, settings = {}) {
  const routes = [{ timeout_ms: 0, prefix: '/', cluster }];
  const config = {
    codec_type: 'auto',
    stat_prefix: 'ingress_http',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    filters: [{ type: 'decoder', name: 'router', config: {} }],
    ...settings,
  };
  return {
    address: listenerAddress,
    filters: [{ type: 'read', name: 'http_connection_manager', config }],
  };
}
