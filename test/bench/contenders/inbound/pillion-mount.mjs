import { serveProxy } from '../../child.mjs';
import { sayHello } from '../../hello.mjs';
import { boundPort, httpListener, startSidecar, staticCluster } from '../sidecar.mjs';

// The cluster's host is never dialed: the handler stands in its place.
const sidecar = await startSidecar({
  listeners: [httpListener('local_service')],
  clusterManager: { clusters: [staticCluster('local_service', [5000])] },
  mount: { local_service: sayHello },
});
serveProxy(boundPort(sidecar));
