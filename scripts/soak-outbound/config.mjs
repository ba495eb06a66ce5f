/** The configuration of the sidecar under test. */

import { routes } from './plan.mjs';

/** The host that all calls are for. */
export const origin = 'http://app.soak';
export const statPrefix = 'egress';
const listener = 'tcp://127.0.0.1:10000';
const admin = 'tcp://127.0.0.1:10001';

/** Nothing that the load does may meet a limit: what is refused by one has nothing to tell. */
const thresholds = {
  max_connections: 10_000,
  max_pending_requests: 10_000,
  max_requests: 10_000,
  max_retries: 10_000,
};

/** Returns the options of `createSidecar`, given the addresses of the hosts and of none. */
export function createOptions(hostUrls, deadUrls) {
  const cluster = (name, urls) => ({
    name,
    // No shorter than that of the route: a busy machine must not make a call fail.
    connect_timeout_ms: 30_000,
    type: 'static',
    lb_type: 'round_robin',
    hosts: urls.map((url) => ({ url })),
    circuit_breakers: { default: thresholds },
  });
  const clusters = [
    cluster('app', hostUrls),
    cluster('partly', [...hostUrls, ...deadUrls.slice(0, 1)]),
    cluster('refused', deadUrls),
  ];
  const manager = {
    codec_type: 'auto',
    stat_prefix: statPrefix,
    route_config: { virtual_hosts: [{ name: 'app', domains: ['app.soak'], routes: listRoutes() }] },
    filters: [{ name: 'router', config: {} }],
  };
  const config = {
    listeners: [
      { address: listener, filters: [{ name: 'http_connection_manager', config: manager }] },
    ],
    admin: { access_log_path: '/dev/null', address: admin },
    cluster_manager: { clusters },
  };
  const listenOn = Object.fromEntries([listener, admin].map((each) => [each, 'tcp://127.0.0.1:0']));
  return { config, listenOn };
}

function listRoutes() {
  return Object.entries(routes).map(([name, route]) => {
    return { prefix: `/${name}/`, timeout_ms: 30_000, ...route };
  });
}
