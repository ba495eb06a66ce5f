import { isIpAddress, parseHostPort, type TcpAddress } from './address.js';
import { readRefreshDelay } from './cluster-manager-config.js';
import type { DocumentScope } from './document-scope.js';
import type { JsonReader } from './json-reader.js';
import { readClusterName, readFilePath } from './shared-keys.js';

/** `lds`: reference 1.3. */
export interface LdsConfig {
  /** Name of the cluster of the discovery service. */
  readonly cluster: string;
  readonly refreshDelayMs: number;
}

/** `runtime`: reference 1.7. */
export interface RuntimeConfig {
  readonly symlinkRoot: string;
  readonly subdirectory: string;
  readonly overrideSubdirectory: string | undefined;
}

/** `tracing` of the document: reference 1.8. */
export type TracingDriverConfig =
  | {
      readonly type: 'zipkin';
      readonly collectorCluster: string;
      readonly collectorEndpoint: string;
    }
  | {
      readonly type: 'lightstep';
      readonly collectorCluster: string;
      readonly accessTokenFile: string;
    };

/** Where statistics are sent, and how often: reference 1.1. */
export interface StatsConfig {
  readonly statsdUdpAddress: TcpAddress | undefined;
  readonly statsdTcpCluster: string | undefined;
  readonly flushIntervalMs: number;
}

/** When a thread counts as stuck: reference 1.1. 0 turns a limit off. */
export interface WatchdogConfig {
  readonly missTimeoutMs: number;
  readonly megamissTimeoutMs: number;
  readonly killTimeoutMs: number;
  readonly multikillTimeoutMs: number;
}

/** Parses `lds`; `undefined` if it is broken, or not there. */
export function parseLds(document: JsonReader, scope: DocumentScope): LdsConfig | undefined {
  const reader = document.object('lds');
  const cluster =
    reader &&
    readClusterName(reader, 'cluster', scope, 'no listener is discovered', 'discovery service');
  return reader === undefined || cluster === undefined
    ? undefined
    : { cluster, refreshDelayMs: readRefreshDelay(reader) };
}

/** Parses `runtime`; `undefined` if it is broken, or not there. */
export function parseRuntime(document: JsonReader): RuntimeConfig | undefined {
  const reader = document.object('runtime');
  if (reader === undefined) {
    return undefined;
  }
  const symlinkRoot = readFilePath(reader, 'symlink_root', '/srv/runtime/current');
  const subdirectory = reader.string('subdirectory');
  const overrideSubdirectory = reader.string('override_subdirectory');
  return symlinkRoot === undefined || subdirectory === undefined
    ? undefined
    : { symlinkRoot, subdirectory, overrideSubdirectory };
}

/** Parses `tracing`; `undefined` if it is broken, or names no driver. */
export function parseTracingDriver(
  document: JsonReader,
  scope: DocumentScope,
): TracingDriverConfig | undefined {
  const driver = document.object('tracing')?.object('http')?.object('driver');
  const reader = driver?.object('config');
  if (reader === undefined) {
    return undefined;
  }
  const consequence = 'no spans are sent';
  const collectorCluster = readClusterName(
    reader,
    'collector_cluster',
    scope,
    consequence,
    'static',
  );
  if (driver?.variant === 'zipkin') {
    const collectorEndpoint = reader.string('collector_endpoint') ?? '/api/v1/spans';
    return collectorCluster === undefined
      ? undefined
      : { type: 'zipkin', collectorCluster, collectorEndpoint };
  }
  const accessTokenFile = readFilePath(reader, 'access_token_file', '/etc/lightstep/token');
  return collectorCluster === undefined || accessTokenFile === undefined
    ? undefined
    : { type: 'lightstep', collectorCluster, accessTokenFile };
}

/** Parses `rate_limit_service`: the name of its cluster; `undefined` if there is none. */
export function parseRateLimitService(
  document: JsonReader,
  scope: DocumentScope,
): string | undefined {
  const reader = document.object('rate_limit_service')?.object('config');
  return reader && readClusterName(reader, 'cluster_name', scope, 'no request is limited');
}

/** Parses where statistics are sent. */
export function parseStats(document: JsonReader, scope: DocumentScope): StatsConfig {
  const consequence = 'no statistics are sent';
  return {
    statsdUdpAddress: readStatsdAddress(document),
    statsdTcpCluster: readClusterName(document, 'statsd_tcp_cluster_name', scope, consequence),
    flushIntervalMs: document.number('stats_flush_interval_ms') ?? 5000,
  };
}

function readStatsdAddress(document: JsonReader): TcpAddress | undefined {
  const key = 'statsd_udp_ip_address';
  const text = document.string(key);
  if (text === undefined) {
    return undefined;
  }
  const { address, problem } = parseHostPort(text, 8125);
  if (problem !== undefined) {
    document.problem(problem, key);
    return undefined;
  }
  if (address.port === 0) {
    document.problem('expected a port from 1 to 65535, found 0', key);
  }
  if (!isIpAddress(address.host)) {
    document.problem(`expected an IP address, found the name "${address.host}"`, key);
  }
  return address;
}

/** Parses when a thread counts as stuck. */
export function parseWatchdog(document: JsonReader): WatchdogConfig {
  const read = (name: string, fallback: number): number =>
    document.number(`watchdog_${name}_timeout_ms`) ?? fallback;
  return {
    missTimeoutMs: read('miss', 200),
    megamissTimeoutMs: read('megamiss', 1000),
    killTimeoutMs: read('kill', 0),
    multikillTimeoutMs: read('multikill', 0),
  };
}
