/** The sidecar of an application that calls others. */

import { settings } from '../../child.mjs';
import { httpListener, startSidecar, staticCluster } from '../sidecar.mjs';

/** What every caller asks for: the name of a cluster, and a host of the route table. */
export const url = 'http://hello/';

/**
 * Starts it as `settings.features` says: `few` is a cluster of one known host, reached by its name;
 * otherwise that host is discovered by SDS, and calls take a route with all that a configuration in
 * earnest has for them.
 */
export function startOutboundSidecar() {
  if (settings.features === 'few') {
    const clusters = [staticCluster('hello', [settings.ports[0]])];
    return startSidecar({ clusterManager: { clusters } });
  }
  return startSidecar({
    listeners: [httpListener('hello', { stat_prefix: 'egress', route_config: routes })],
    clusterManager: discoveredCluster(),
    // Off unless it is asked for, and no part of Envoy's configuration.
    breakers: settings.features === 'all' ? { hello: {} } : {},
  });
}

const route = {
  prefix: '/',
  cluster: 'hello',
  timeout_ms: 15_000,
  retry_policy: { retry_on: '5xx,connect-failure', num_retries: 2, per_try_timeout_ms: 5000 },
};

const routes = { virtual_hosts: [{ name: 'hello', domains: ['hello'], routes: [route] }] };

function discoveredCluster() {
  const cluster = {
    name: 'hello',
    connect_timeout_ms: 2000,
    type: 'sds',
    lb_type: 'round_robin',
    service_name: 'hello.default.svc.cluster.local',
    circuit_breakers: {
      default: {
        max_connections: 2048,
        max_pending_requests: 2048,
        max_requests: 2048,
        max_retries: 10,
      },
    },
    outlier_detection: { consecutive_5xx: 5 },
  };
  const registry = staticCluster('registry', [settings.registryPort]);
  return { clusters: [cluster], sds: { cluster: registry, refresh_delay_ms: 1000 } };
}
