import { toByteString } from '../base/byte-string.js';
import { type AccessLogConfig, parseAccessLogs } from './access-log-config.js';
import { type ApiType, readApiType, readRefreshDelay } from './cluster-manager-config.js';
import type { DocumentScope } from './document-scope.js';
import { type HttpFilterConfig, parseHttpFilters } from './http-filter-config.js';
import {
  type Http1SettingsConfig,
  type Http2SettingsConfig,
  parseHttp1Settings,
  parseHttp2Settings,
} from './http-settings-config.js';
import type { JsonReader } from './json-reader.js';
import { parseRouteTable, type RouteTableConfig } from './route-table-config.js';
import {
  clientCertDetails,
  codecTypes,
  forwardClientCerts,
  operationNames,
} from './schema/connection-manager-schema.js';
import { checkNameLength, readClusterName, readHeaderValue } from './shared-keys.js';

/** How a connection's protocol is chosen. */
export type CodecType = (typeof codecTypes)[number];

/** What happens to `x-forwarded-client-cert`: reference 5.10. */
export type ForwardClientCert = (typeof forwardClientCerts)[number];

/** `rds`: reference 2.2. */
export interface RdsConfig {
  /** Name of the cluster of the discovery service. */
  readonly cluster: string;
  readonly routeConfigName: string;
  readonly refreshDelayMs: number;
  readonly apiType: ApiType;
}

/** `tracing` of an `http_connection_manager`: reference 2.1.2. */
export interface ConnectionManagerTracingConfig {
  readonly operationName: (typeof operationNames)[number];
  /** Lower case. */
  readonly requestHeadersForTags: readonly string[];
}

/** `http_connection_manager`: reference 2.1. */
export interface ConnectionManagerConfig {
  readonly codecType: CodecType;
  readonly statPrefix: string;
  /** Empty until the first answer, if there is `rds`. */
  readonly routeConfig: RouteTableConfig;
  readonly rds: RdsConfig | undefined;
  readonly filters: readonly HttpFilterConfig[];
  readonly addUserAgent: boolean;
  /** `undefined` if requests are not traced. */
  readonly tracing: ConnectionManagerTracingConfig | undefined;
  readonly http1Settings: Http1SettingsConfig;
  readonly http2Settings: Http2SettingsConfig;
  /** Value of the `server` response header, as a byte string. Default `envoy`. */
  readonly serverName: string;
  /** 0 for no limit. */
  readonly idleTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly accessLogs: readonly AccessLogConfig[];
  readonly useRemoteAddress: boolean;
  readonly forwardClientCert: ForwardClientCert;
  readonly currentClientCertDetails: readonly (typeof clientCertDetails)[number][];
  readonly generateRequestId: boolean;
}

/** What a connection manager has before its route table is discovered. */
const emptyRouteTable: RouteTableConfig = {
  virtualHosts: [],
  validateClusters: false,
  internalOnlyHeaders: [],
  requestHeadersToAdd: [],
  responseHeadersToAdd: [],
  responseHeadersToRemove: [],
};

/** A connection manager with every default, for those that no file describes. */
export const defaultConnectionManager: ConnectionManagerConfig = {
  codecType: 'auto',
  statPrefix: '',
  routeConfig: emptyRouteTable,
  rds: undefined,
  filters: [{ name: 'router', config: { dynamicStats: true, startChildSpan: false } }],
  addUserAgent: false,
  tracing: undefined,
  http1Settings: parseHttp1Settings(undefined),
  http2Settings: parseHttp2Settings(undefined),
  serverName: 'envoy',
  idleTimeoutMs: 0,
  drainTimeoutMs: 5000,
  accessLogs: [],
  useRemoteAddress: false,
  forwardClientCert: 'sanitize',
  currentClientCertDetails: [],
  generateRequestId: true,
};

/** Parses the config of an `http_connection_manager`; `undefined` if it is broken or left out. */
export function parseConnectionManager(
  reader: JsonReader,
  scope: DocumentScope,
): ConnectionManagerConfig | undefined {
  const codecType = reader.oneOf('codec_type', codecTypes);
  const statPrefix = reader.string('stat_prefix');
  const rds = parseRds(reader.object('rds'), scope);
  const routeConfig = parseRoutes(reader, scope);
  const filters = parseHttpFilters(reader, scope);
  const serverName = readHeaderValue(reader, 'server_name');
  const accessLogs = parseAccessLogs(reader);
  if (
    codecType === undefined ||
    statPrefix === undefined ||
    routeConfig === undefined ||
    reader.isLeftOut
  ) {
    return undefined;
  }
  const defaults = defaultConnectionManager;
  return {
    codecType,
    statPrefix,
    routeConfig,
    rds,
    filters,
    addUserAgent: reader.boolean('add_user_agent') ?? defaults.addUserAgent,
    tracing: parseTracing(reader.object('tracing')),
    http1Settings: parseHttp1Settings(reader.object('http1_settings')),
    http2Settings: parseHttp2Settings(reader.object('http2_settings')),
    serverName: serverName === undefined ? defaults.serverName : toByteString(serverName),
    idleTimeoutMs: (reader.number('idle_timeout_s') ?? 0) * 1000,
    drainTimeoutMs: reader.number('drain_timeout_ms') ?? defaults.drainTimeoutMs,
    accessLogs,
    useRemoteAddress: reader.boolean('use_remote_address') ?? defaults.useRemoteAddress,
    forwardClientCert:
      reader.oneOf('forward_client_cert', forwardClientCerts) ?? defaults.forwardClientCert,
    currentClientCertDetails: readCertDetails(reader),
    generateRequestId: reader.boolean('generate_request_id') ?? defaults.generateRequestId,
  };
}

/** The route table, which stands either in the file or at the discovery service. */
function parseRoutes(reader: JsonReader, scope: DocumentScope): RouteTableConfig | undefined {
  const hasTable = reader.has('route_config');
  if (reader.has('rds') && hasTable) {
    reader.problem('"rds" and "route_config" exclude each other; keep one of them');
  }
  if (!reader.has('rds') && !hasTable) {
    reader.missing('route_config');
  }
  const routeConfig = reader.object('route_config');
  if (routeConfig !== undefined) {
    return parseRouteTable(routeConfig, scope);
  }
  return hasTable ? undefined : emptyRouteTable;
}

function parseRds(reader: JsonReader | undefined, scope: DocumentScope): RdsConfig | undefined {
  if (reader === undefined) {
    return undefined;
  }
  const consequence = 'every request gets status 404';
  const cluster = readClusterName(reader, 'cluster', scope, consequence, 'discovery service');
  const routeConfigName = reader.string('route_config_name');
  if (routeConfigName !== undefined) {
    checkNameLength(reader, routeConfigName, 'route_config_name');
  }
  const apiType = readApiType(reader);
  return cluster === undefined || routeConfigName === undefined
    ? undefined
    : { cluster, routeConfigName, refreshDelayMs: readRefreshDelay(reader), apiType };
}

function parseTracing(reader: JsonReader | undefined): ConnectionManagerTracingConfig | undefined {
  const operationName = reader?.oneOf('operation_name', operationNames);
  return reader === undefined || operationName === undefined
    ? undefined
    : {
        operationName,
        requestHeadersForTags: reader
          .strings('request_headers_for_tags')
          .map(({ value }) => value.toLowerCase()),
      };
}

function readCertDetails(reader: JsonReader): (typeof clientCertDetails)[number][] {
  return reader
    .strings('set_current_client_cert_details')
    .flatMap(({ value }) => clientCertDetails.filter((detail) => detail === value));
}
