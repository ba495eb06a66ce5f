import {
  type UnsupportedKeys,
  unsupportedAccessLogKeys,
  unsupportedClusterKeys,
  unsupportedClusterManagerKeys,
  unsupportedConnectionManagerKeys,
  unsupportedDocumentKeys,
  unsupportedListenerKeys,
  unsupportedRouteConfigKeys,
  unsupportedRouteKeys,
  unsupportedVirtualHostKeys,
} from './unsupported.js';

/** A key that older or newer releases had, and what to write for it today. */
export interface ForeignKey {
  /** The v1 key that takes its place, so that it is not reported as missing as well. */
  readonly replacedBy: string;
  /** The message, made for the value that stands there. */
  describe(value: unknown): string;
}

/** The keys that one kind of object of the v1 schema takes. */
export interface ObjectShape {
  /** What messages call the object, with its article. */
  readonly noun: string;
  /** The keys that are read. */
  readonly keys: ReadonlySet<string>;
  readonly unsupported: UnsupportedKeys;
  readonly foreign: Readonly<Record<string, ForeignKey>>;
  /** Whether Envoy passes over unknown keys, which then earn a warning only: reference 1.12. */
  readonly isOpen: boolean;
}

function defineShape(
  noun: string,
  keys: readonly string[],
  unsupported: UnsupportedKeys = {},
  foreign: Readonly<Record<string, ForeignKey>> = {},
): ObjectShape {
  return { noun, keys: new Set(keys), unsupported, foreign, isOpen: false };
}

/** Releases before 1.3 wrote a port where v1 has an address. */
function formerPort(example: number): ForeignKey {
  return {
    replacedBy: 'address',
    describe: (value) => {
      const port = Number.isInteger(value) ? value : example;
      return `this is the spelling of Envoy before 1.3; write "address": "tcp://0.0.0.0:${port}"`;
    },
  };
}

const formerStatsdPort: ForeignKey = {
  replacedBy: 'statsd_udp_ip_address',
  describe: (value) => {
    const port = Number.isInteger(value) ? value : 8125;
    return (
      'this is the spelling of Envoy before 1.3; today it is ' +
      `"statsd_udp_ip_address": "127.0.0.1:${port}", which is known but not supported yet, ` +
      'so remove the key'
    );
  },
};

/** The kinds of object that can be read. */
export type ObjectKind =
  | 'document'
  | 'admin'
  | 'listener'
  | 'networkFilter'
  | 'connectionManager'
  | 'accessLog'
  | 'httpFilter'
  | 'routerFilter'
  | 'routeConfig'
  | 'virtualHost'
  | 'route'
  | 'clusterManager'
  | 'sds'
  | 'cluster'
  | 'host'
  | 'circuitBreakers'
  | 'circuitBreaker';

/** The shape of every kind of object. */
export const objectShapes: Readonly<Record<ObjectKind, ObjectShape>> = {
  document: defineShape(
    'a v1 configuration',
    ['listeners', 'admin', 'cluster_manager'],
    unsupportedDocumentKeys,
    { statsd_local_udp_port: formerStatsdPort },
  ),
  admin: defineShape(
    'the admin server',
    ['access_log_path', 'address', 'profile_path'],
    {},
    {
      port: formerPort(8001),
    },
  ),
  listener: defineShape(
    'a listener',
    [
      'name',
      'address',
      'filters',
      'bind_to_port',
      'per_connection_buffer_limit_bytes',
      'drain_type',
    ],
    unsupportedListenerKeys,
    { port: formerPort(80) },
  ),
  networkFilter: defineShape('a filter of a listener', ['name', 'config', 'type']),
  connectionManager: defineShape(
    'the config of an http_connection_manager',
    [
      'codec_type',
      'stat_prefix',
      'route_config',
      'filters',
      'add_user_agent',
      'server_name',
      'access_log',
      'use_remote_address',
      'forward_client_cert',
      'generate_request_id',
    ],
    unsupportedConnectionManagerKeys,
  ),
  accessLog: defineShape('an access log', ['path'], unsupportedAccessLogKeys),
  httpFilter: {
    ...defineShape('a filter of an http_connection_manager', ['name', 'config', 'type']),
    isOpen: true,
  },
  routerFilter: defineShape('the config of the router', ['dynamic_stats', 'start_child_span']),
  routeConfig: defineShape(
    'a route_config',
    ['virtual_hosts', 'validate_clusters', 'internal_only_headers'],
    unsupportedRouteConfigKeys,
  ),
  virtualHost: defineShape(
    'a virtual host',
    ['name', 'domains', 'routes'],
    unsupportedVirtualHostKeys,
  ),
  route: defineShape(
    'a route',
    ['prefix', 'path', 'case_sensitive', 'cluster', 'timeout_ms', 'priority'],
    unsupportedRouteKeys,
  ),
  clusterManager: defineShape(
    'the cluster_manager',
    ['clusters', 'sds'],
    unsupportedClusterManagerKeys,
  ),
  sds: defineShape('the sds of the cluster_manager', ['cluster', 'refresh_delay_ms']),
  cluster: defineShape(
    'a cluster',
    [
      'name',
      'type',
      'connect_timeout_ms',
      'lb_type',
      'hosts',
      'service_name',
      'max_requests_per_connection',
      'per_connection_buffer_limit_bytes',
      'circuit_breakers',
      'dns_refresh_rate_ms',
      'dns_lookup_family',
    ],
    unsupportedClusterKeys,
  ),
  host: defineShape('a host of a cluster', ['url']),
  circuitBreakers: defineShape('the circuit_breakers of a cluster', ['default', 'high']),
  circuitBreaker: defineShape('the circuit breaker of a priority', [
    'max_connections',
    'max_pending_requests',
    'max_requests',
    'max_retries',
  ]),
};

/** All keys of a kind of object, supported or not. */
export function allKeys(shape: ObjectShape): string[] {
  return [...shape.keys, ...Object.keys(shape.unsupported)];
}

/** Where else a key may stand, as `a route` or `a route or a cluster`; `undefined` if unclear. */
export function findOwners(key: string): string | undefined {
  const owners = Object.values(objectShapes).filter(
    (shape) => shape.keys.has(key) || Object.hasOwn(shape.unsupported, key),
  );
  return owners.length === 0 || owners.length > 2
    ? undefined
    : owners.map((shape) => shape.noun).join(' or ');
}

/** The keys of an object as a list for messages. */
export function listKeys(shape: ObjectShape): string {
  return allKeys(shape).join(', ');
}
