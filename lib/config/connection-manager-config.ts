import { describeValue } from './describe-value.js';
import type { DocumentScope } from './document-scope.js';
import { type HttpFilterConfig, parseHttpFilters } from './filter-config.js';
import { isHeaderValue } from './header-text.js';
import type { JsonReader } from './json-reader.js';
import { parseRouteTable, type RouteTableConfig } from './route-config.js';
import { requireFilePath } from './shared-keys.js';
import { unsupportedValues } from './unsupported-values.js';

/** How a connection's protocol is chosen. */
export type CodecType = 'http1' | 'http2' | 'auto';

/** What happens to `x-forwarded-client-cert`: reference 5.10. */
export type ForwardClientCert =
  | 'forward_only'
  | 'append_forward'
  | 'sanitize'
  | 'sanitize_set'
  | 'always_forward_only';

/** One `access_log` entry: reference 7.1. */
export interface AccessLogConfig {
  readonly path: string;
}

/** `http_connection_manager`: reference 2.1. */
export interface ConnectionManagerConfig {
  readonly codecType: CodecType;
  readonly statPrefix: string;
  readonly routeConfig: RouteTableConfig;
  readonly filters: readonly HttpFilterConfig[];
  readonly addUserAgent: boolean;
  /** Value of the `server` response header. Default `envoy`. */
  readonly serverName: string;
  readonly accessLogs: readonly AccessLogConfig[];
  readonly useRemoteAddress: boolean;
  readonly forwardClientCert: ForwardClientCert;
  readonly generateRequestId: boolean;
}

const codecTypes: readonly CodecType[] = ['auto', 'http1', 'http2'];

const forwardClientCerts: readonly ForwardClientCert[] = [
  'forward_only',
  'append_forward',
  'sanitize',
  'sanitize_set',
  'always_forward_only',
];

/** Parses the config of an `http_connection_manager`; `undefined` if it is broken or left out. */
export function parseConnectionManager(
  reader: JsonReader,
  scope: DocumentScope,
): ConnectionManagerConfig | undefined {
  const codecType = requireCodecType(reader);
  const statPrefix = reader.requireString('stat_prefix', 'ingress_http');
  const routeConfig = parseRoutes(reader, scope);
  const filters = parseHttpFilters(reader);
  const accessLogs = reader.optionalObjects('access_log', 'accessLog').flatMap(parseAccessLog);
  const addUserAgent = reader.optionalBoolean('add_user_agent') ?? false;
  const useRemoteAddress = reader.optionalBoolean('use_remote_address') ?? false;
  const generateRequestId = reader.optionalBoolean('generate_request_id') ?? true;
  const serverName = readServerName(reader);
  const forwardClientCert = reader.optionalOneOf('forward_client_cert', forwardClientCerts);
  if (
    codecType === undefined ||
    statPrefix === undefined ||
    routeConfig === undefined ||
    reader.isLeftOut
  ) {
    return undefined;
  }
  return {
    codecType,
    statPrefix,
    routeConfig,
    filters,
    addUserAgent,
    serverName,
    accessLogs,
    useRemoteAddress,
    forwardClientCert: forwardClientCert ?? 'sanitize',
    generateRequestId,
  };
}

function requireCodecType(reader: JsonReader): CodecType | undefined {
  const codecType = reader.requireOneOf('codec_type', codecTypes);
  if (codecType === 'http2') {
    reader.unsupported('codec_type', unsupportedValues.http2Codec);
  }
  return codecType;
}

/** The route table, which stands either in the file or at the discovery service. */
function parseRoutes(reader: JsonReader, scope: DocumentScope): RouteTableConfig | undefined {
  if (reader.has('rds')) {
    if (reader.has('route_config')) {
      reader.problem('"rds" and "route_config" exclude each other; keep one of them');
    }
    const unused = reader.optionalObject('route_config', 'routeConfig');
    return unused === undefined ? undefined : parseRouteTable(unused, scope);
  }
  const routeConfig = reader.requireObject(
    'route_config',
    'routeConfig',
    '{ "virtual_hosts": [ ... ] }',
  );
  return routeConfig === undefined ? undefined : parseRouteTable(routeConfig, scope);
}

function parseAccessLog(reader: JsonReader): AccessLogConfig[] {
  const path = requireFilePath(reader, 'path');
  return path === undefined ? [] : [{ path }];
}

function readServerName(reader: JsonReader): string {
  const serverName = reader.optionalString('server_name') ?? 'envoy';
  if (!isHeaderValue(serverName)) {
    reader.problem(
      `${describeValue(serverName)} cannot be the value of the "server" header; use ASCII only`,
      'server_name',
    );
  }
  return serverName;
}
