import type { ConfigProblem } from '../base/errors.js';
import type { Config } from '../config/config.js';
import { isSameConfig } from '../config/same-config.js';

/** What a running sidecar keeps, each with how to read it. */
const unchangeableKeys: readonly (readonly [path: string, read: (config: Config) => unknown])[] = [
  ['admin.address', ({ admin }) => admin.address],
  ['admin.access_log_path', ({ admin }) => admin.accessLogPath],
  ['cluster_manager.local_cluster_name', ({ clusterManager }) => clusterManager.localClusterName],
  [
    'cluster_manager.outlier_detection.event_log_path',
    ({ clusterManager }) => clusterManager.outlierEventLogPath,
  ],
];

/** Returns a problem for everything that cannot be changed while the sidecar runs. */
export function findUnchangeable(from: Config, to: Config): readonly ConfigProblem[] {
  return unchangeableKeys
    .filter(([, read]) => !isSameConfig(read(from), read(to)))
    .map(([path]) => ({
      path,
      message: 'it cannot change while the sidecar runs; close it and create another one',
    }));
}
