import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveProxy, settings } from '../../child.mjs';
import { boundPort, httpListener, startSidecar, staticCluster } from '../sidecar.mjs';

function accessLog() {
  const folder = mkdtempSync(join(tmpdir(), 'pillion-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { access_log: [{ path: join(folder, 'access.log') }] };
}

const sidecar = await startSidecar({
  listeners: [httpListener('hello', settings.accessLog ? accessLog() : {})],
  clusterManager: { clusters: [staticCluster('hello', settings.ports)] },
});
serveProxy(boundPort(sidecar));
