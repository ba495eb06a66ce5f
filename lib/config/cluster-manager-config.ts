import { type ClusterConfig, parseCluster } from './cluster-config.js';
import type { SdsState } from './cluster-discovery.js';
import type { DocumentScope } from './document-scope.js';
import type { JsonReader } from './json-reader.js';
import { apiTypes } from './schema/discovery-keys.js';
import { readClusterName, readFilePath } from './shared-keys.js';

/** The protocol of a discovery service; `REST_LEGACY` is that of v1. */
export type ApiType = (typeof apiTypes)[number];

/** `cluster_manager.sds`: reference 1.5. */
export interface SdsConfig {
  readonly cluster: ClusterConfig;
  readonly refreshDelayMs: number;
}

/** `cluster_manager.cds`: reference 1.5. */
export interface CdsConfig extends SdsConfig {
  readonly apiType: ApiType;
}

/** `cluster_manager`: reference 1.5. */
export interface ClusterManagerConfig {
  readonly clusters: readonly ClusterConfig[];
  readonly sds: SdsConfig | undefined;
  readonly cds: CdsConfig | undefined;
  /** The cluster that this process belongs to, for zone-aware routing. */
  readonly localClusterName: string | undefined;
  /** Where ejections of hosts are written to. */
  readonly outlierEventLogPath: string | undefined;
}

/** Envoy's default of `refresh_delay_ms`, where it has one. */
const defaultRefreshDelayMs = 30_000;

/** Reads the `refresh_delay_ms` of a discovery service that has a default. */
export function readRefreshDelay(reader: JsonReader): number {
  return reader.number('refresh_delay_ms') ?? defaultRefreshDelayMs;
}

/** Reads the `api_type` of a discovery service; those of v2 are not spoken. */
export function readApiType(reader: JsonReader): ApiType {
  const apiType = reader.oneOf('api_type', apiTypes) ?? 'REST_LEGACY';
  if (apiType !== 'REST_LEGACY') {
    reader.unsupported('api_type', {
      reason: 'discovery services are asked in the protocol of v1 only',
      instead: 'write "REST_LEGACY"',
      without: 'the service is asked in the protocol of v1',
    });
  }
  return apiType;
}

/** Parses `cluster_manager`. What is broken or left out is missing in the result. */
export function parseClusterManager(
  reader: JsonReader,
  scope: DocumentScope,
): ClusterManagerConfig {
  const sds = parseSds(reader.object('sds'), scope);
  const sdsState = readSdsState(reader, sds);
  const cds = parseCds(reader.object('cds'), scope, sdsState);
  const found = reader.objects('clusters');
  if (found.length !== reader.lengthOf('clusters')) {
    scope.clusters.markIncomplete();
  }
  const clusters = found.flatMap((cluster) => parseCluster(cluster, scope, sdsState) ?? []);
  const localClusterName = readClusterName(
    reader,
    'local_cluster_name',
    scope,
    'zones are not compared',
    'static',
  );
  const eventLog = reader.object('outlier_detection');
  const outlierEventLogPath =
    eventLog && readFilePath(eventLog, 'event_log_path', '/var/log/outliers.log');
  return { clusters, sds, cds, localClusterName, outlierEventLogPath };
}

/** A source of registrations stands in for the discovery service, whether there is one or not. */
function readSdsState(reader: JsonReader, sds: SdsConfig | undefined): SdsState {
  if (sds !== undefined || reader.collector.hasRegistrations) {
    return 'present';
  }
  return reader.has('sds') ? 'left out' : 'absent';
}

function parseSds(sds: JsonReader | undefined, scope: DocumentScope): SdsConfig | undefined {
  const reader = sds?.object('cluster');
  const cluster = reader && parseCluster(reader, scope, 'itself');
  const refreshDelayMs = sds?.number('refresh_delay_ms');
  return cluster === undefined || refreshDelayMs === undefined
    ? undefined
    : { cluster, refreshDelayMs };
}

function parseCds(
  cds: JsonReader | undefined,
  scope: DocumentScope,
  sdsState: SdsState,
): CdsConfig | undefined {
  const reader = cds?.object('cluster');
  const cluster = reader && parseCluster(reader, scope, sdsState);
  return cds === undefined || cluster === undefined
    ? undefined
    : { cluster, refreshDelayMs: readRefreshDelay(cds), apiType: readApiType(cds) };
}
