import { type AdminConfig, parseAdmin } from './admin-config.js';
import { type ClusterManagerConfig, parseClusterManager } from './cluster-manager-config.js';
import { DocumentScope } from './document-scope.js';
import { JsonReader } from './json-reader.js';
import { type ListenerConfig, parseListener } from './listener-config.js';
import type { ProblemCollector } from './problem-collector.js';
import { documentSchema } from './schema/document-schema.js';
import {
  type LdsConfig,
  parseLds,
  parseRateLimitService,
  parseRuntime,
  parseStats,
  parseTracingDriver,
  parseWatchdog,
  type RuntimeConfig,
  type StatsConfig,
  type TracingDriverConfig,
  type WatchdogConfig,
} from './service-configs.js';
import { readFilePath } from './shared-keys.js';

/** A whole configuration, checked, frozen, with every default filled in. */
export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly lds: LdsConfig | undefined;
  readonly admin: AdminConfig;
  readonly clusterManager: ClusterManagerConfig;
  /** Folder that is searched for flag files at start-up. */
  readonly flagsPath: string | undefined;
  readonly stats: StatsConfig;
  readonly watchdog: WatchdogConfig;
  /** Where spans are sent to; `undefined` for nowhere. */
  readonly tracingDriver: TracingDriverConfig | undefined;
  /** Name of the cluster of the rate limit service; `undefined` if there is none. */
  readonly rateLimitCluster: string | undefined;
  /** `undefined` if every runtime key has its default. */
  readonly runtime: RuntimeConfig | undefined;
}

/** Keys at the top of the documents of later Envoy releases. */
const laterKeys = ['static_resources', 'dynamic_resources', 'node', 'layered_runtime'];

/** Parses a whole document; `undefined` only if there are problems. */
export function parseDocument(value: unknown, collector: ProblemCollector): Config | undefined {
  const laterKey = laterKeys.find(
    (key) => typeof value === 'object' && value !== null && Object.hasOwn(value, key),
  );
  if (laterKey !== undefined) {
    // Everything else in such a document would be reported too, and none of that would help.
    collector.problem(
      { parent: undefined, segment: laterKey },
      'this key belongs to a configuration of Envoy v2 or v3; expected one in the v1 schema, with ' +
        '"listeners", "admin" and "cluster_manager" at its top',
    );
    return undefined;
  }
  const reader = JsonReader.open(value, undefined, documentSchema, collector);
  return reader === undefined ? undefined : parseKeys(reader, new DocumentScope(collector));
}

function parseKeys(reader: JsonReader, scope: DocumentScope): Config | undefined {
  const managerReader = reader.object('cluster_manager');
  const clusterManager = managerReader && parseClusterManager(managerReader, scope);
  if (clusterManager === undefined) {
    scope.clusters.markIncomplete();
  }
  if (managerReader?.has('cds') === true) {
    scope.clusters.markDiscovered();
  }
  const listeners = reader
    .objects('listeners')
    .flatMap((listener) => parseListener(listener, scope) ?? []);
  const adminReader = reader.object('admin');
  const admin = adminReader && parseAdmin(adminReader, listeners);
  const rest = {
    lds: parseLds(reader, scope),
    flagsPath: readFilePath(reader, 'flags_path', '/etc/envoy/flags'),
    stats: parseStats(reader, scope),
    watchdog: parseWatchdog(reader),
    tracingDriver: parseTracingDriver(reader, scope),
    rateLimitCluster: parseRateLimitService(reader, scope),
    runtime: parseRuntime(reader),
  };
  scope.clusters.check();
  return clusterManager && admin && { listeners, admin, clusterManager, ...rest };
}
