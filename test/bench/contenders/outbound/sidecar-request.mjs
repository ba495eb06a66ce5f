import { settings } from '../../child.mjs';
import { startSidecar, staticCluster } from '../sidecar.mjs';
import { serveCaller } from './caller.mjs';

/** One host behind one cluster, as every other caller has one host. */
function clusterManager() {
  const port = settings.ports[0];
  if (settings.discovery === 'static') return { clusters: [staticCluster('hello', [port])] };
  const discovered = {
    name: 'hello',
    connect_timeout_ms: 250,
    type: 'sds',
    lb_type: 'round_robin',
    service_name: 'hello',
  };
  const registry = staticCluster('registry', [settings.registryPort]);
  return { clusters: [discovered], sds: { cluster: registry, refresh_delay_ms: 1000 } };
}

const sidecar = await startSidecar({ clusterManager: clusterManager() });

serveCaller(async () => {
  const { statusCode, body } = await sidecar.request('http://hello/');
  return { statusCode, text: await body.text() };
});
