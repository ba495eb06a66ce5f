import { AdminServer } from '../admin/admin-server.js';
import { SidecarError } from '../base/errors.js';
import { readVersion } from '../base/version.js';
import type { ListenerManager } from '../downstream/listener-manager.js';
import { loadedCertificates } from './loaded-certificates.js';
import type { SharedParts } from './shared-parts.js';

/** What the admin server shows. */
interface ShownParts extends SharedParts {
  readonly listenerManager: ListenerManager;
}

/** Creates the admin server, which does not listen yet. Rejects if its log cannot be opened. */
export async function createAdminServer(
  parts: ShownParts,
  accessLogPath: string,
): Promise<AdminServer> {
  const { options, stats, serverState, clusterManager, listenerManager, accessLogs, runtime } =
    parts;
  const accessLog = await accessLogs.createAccessLog(accessLogPath);
  if (accessLog instanceof Error) {
    throw new SidecarError('SIDECAR_ACCESS_LOG_FAILED', accessLog.message, { cause: accessLog });
  }
  return new AdminServer({
    accessLog,
    context: {
      stats,
      serverState,
      clock: options.clock,
      version: readVersion(),
      runtime,
      clusters: () => clusterManager.clusters(),
      listeners: () => listenerManager.bound(),
      certificates: () => loadedCertificates(parts),
      routeTables: () => listenerManager.routeTables(),
    },
  });
}
