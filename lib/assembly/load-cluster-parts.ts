import { SidecarError } from '../base/errors.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { ClusterManagerConfig } from '../config/cluster-manager-config.js';
import type { AccessLogManager } from '../telemetry/access-log/access-log-manager.js';
import { Breakers } from '../upstream/breaker/breakers.js';
import type { ClusterManagerContext } from '../upstream/cluster-manager-context.js';
import { OutlierEventLog } from '../upstream/outlier-detection/outlier-event-log.js';
import { checkClusterTls } from '../upstream/tls/cluster-tls-material.js';
import type { AssemblyOptions } from './assembly-options.js';

/** What clusters need that has to be opened or loaded before they can be made. */
export type ClusterParts = Pick<ClusterManagerContext, 'outlierEventLog' | 'breakers'>;

/**
 * Loads it. Rejects if the TLS files of clusters cannot be used, or the event log of outlier
 * detection cannot be opened.
 */
export async function loadClusterParts(
  config: ClusterManagerConfig,
  { clock, breakerPolicies, mounts, log }: AssemblyOptions,
  wheel: TimerWheel,
  accessLogs: AccessLogManager,
): Promise<ClusterParts> {
  await checkClusterTls(config, clock.wallNow(), mounts);
  const { outlierEventLogPath } = config;
  const parts = { breakers: await Breakers.load(breakerPolicies, { clock, wheel, log }) };
  if (outlierEventLogPath === undefined) {
    return parts;
  }
  const file = await accessLogs.openFile(outlierEventLogPath, 'event log');
  if (file instanceof Error) {
    throw new SidecarError('SIDECAR_ACCESS_LOG_FAILED', file.message, { cause: file });
  }
  return { ...parts, outlierEventLog: new OutlierEventLog(file, clock) };
}
