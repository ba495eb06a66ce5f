import { formatAddress, type TcpAddress } from './address.js';
import { type ClusterManagerConfig, parseClusterManager } from './cluster-config.js';
import { quoteText } from './describe-value.js';
import { DocumentScope } from './document-scope.js';
import { JsonReader } from './json-reader.js';
import { type ListenerConfig, parseListener, requireListenAddress } from './listener-config.js';
import type { ProblemCollector } from './problem-collector.js';
import { requireFilePath } from './shared-keys.js';

/** `admin`: reference 1.4. */
export interface AdminConfig {
  readonly accessLogPath: string;
  readonly address: TcpAddress;
}

/** A whole configuration, checked, frozen, with every default filled in. */
export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly admin: AdminConfig;
  readonly clusterManager: ClusterManagerConfig;
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
      [laterKey],
      'this key belongs to a configuration of Envoy v2 or v3; expected one in the v1 schema, with ' +
        '"listeners", "admin" and "cluster_manager" at its top',
    );
    return undefined;
  }
  const reader = JsonReader.open(value, [], 'document', collector);
  if (reader === undefined) {
    return undefined;
  }
  const scope = new DocumentScope(collector);
  const clusterManager = parseClusters(reader, scope);
  const listeners = reader
    .requireObjects('listeners', 'listener', '[]')
    .flatMap((listener) => parseListener(listener, scope) ?? []);
  const admin = parseAdmin(reader, listeners);
  scope.clusters.check();
  return clusterManager && admin && { listeners, admin, clusterManager };
}

function parseClusters(reader: JsonReader, scope: DocumentScope): ClusterManagerConfig | undefined {
  const clusterManager = reader.requireObject(
    'cluster_manager',
    'clusterManager',
    '{ "clusters": [ ... ] }',
  );
  if (clusterManager === undefined) {
    scope.clusters.markIncomplete();
    return undefined;
  }
  return parseClusterManager(clusterManager, scope);
}

function parseAdmin(
  document: JsonReader,
  listeners: readonly ListenerConfig[],
): AdminConfig | undefined {
  const example = '{ "access_log_path": "/dev/null", "address": "tcp://127.0.0.1:8001" }';
  const reader = document.requireObject('admin', 'admin', example);
  if (reader === undefined) {
    return undefined;
  }
  const accessLogPath = requireFilePath(reader, 'access_log_path');
  const address = requireListenAddress(reader, 'tcp://127.0.0.1:8001');
  // Profiles are taken with the tools of Node.js, so the path is accepted and not used.
  reader.optionalString('profile_path');
  if (address?.kind === 'unix') {
    reader.problem(
      'expected an address such as "tcp://127.0.0.1:8001", found a Unix socket',
      'address',
    );
    return undefined;
  }
  if (address === undefined || accessLogPath === undefined) {
    return undefined;
  }
  checkCollision(reader, address, listeners);
  return { accessLogPath, address };
}

/** The admin server binds its address, so no listener that binds may have the same. */
function checkCollision(
  reader: JsonReader,
  address: TcpAddress,
  listeners: readonly ListenerConfig[],
): void {
  const url = formatAddress(address);
  const other = listeners.find(
    (listener) => listener.bindToPort && formatAddress(listener.address) === url,
  );
  if (other !== undefined && address.port !== 0) {
    reader.problem(
      `${quoteText(url)} is the address of a listener too; give the admin server one of its own`,
      'address',
    );
  }
}
