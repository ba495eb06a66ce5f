/** A JSON object of a v1 document. */
export type Json = Record<string, unknown>;

/** A static cluster with these hosts. */
export function staticCluster(name: string, urls: readonly string[], more: Json = {}): Json {
  return {
    name,
    connect_timeout_ms: 250,
    type: 'static',
    lb_type: 'round_robin',
    hosts: urls.map((url) => ({ url })),
    ...more,
  };
}

/** A virtual host whose one route sends everything to a cluster. */
export function virtualHost(domains: readonly string[], cluster: string, route: Json = {}): Json {
  return { name: domains[0], domains, routes: [{ prefix: '/', cluster, timeout_ms: 0, ...route }] };
}

/** What a test may say about its configuration; the rest is filled in. */
export interface ConfigParts {
  readonly clusters: readonly Json[];
  /** Default: everything goes to the first cluster. */
  readonly virtualHosts?: readonly Json[];
  /** More keys of the connection manager. */
  readonly manager?: Json;
  /** More keys of the listener. */
  readonly listener?: Json;
  readonly routeConfig?: Json;
  readonly sds?: Json;
  readonly cds?: Json;
  /** More keys of the cluster manager. */
  readonly clusterManager?: Json;
  readonly lds?: Json;
  readonly runtime?: Json;
  readonly rateLimitService?: Json;
  /** Default true. */
  readonly hasListener?: boolean;
}

/** The configured address of the listener that `buildConfig` makes. */
export const listenerAddress = 'tcp://0.0.0.0:80';
/** The configured address of its admin server. */
export const adminAddress = 'tcp://0.0.0.0:8001';

/** Builds a v1 document with one listener. */
export function buildConfig(parts: ConfigParts): Json {
  const first = String(parts.clusters[0]?.['name']);
  const manager = {
    codec_type: 'auto',
    stat_prefix: 'ingress_http',
    route_config: {
      virtual_hosts: parts.virtualHosts ?? [virtualHost(['*'], first)],
      ...parts.routeConfig,
    },
    filters: [{ name: 'router', config: {} }],
    ...parts.manager,
  };
  const listener = {
    address: listenerAddress,
    filters: [{ name: 'http_connection_manager', config: manager }],
    ...parts.listener,
  };
  return {
    listeners: parts.hasListener === false ? [] : [listener],
    admin: { access_log_path: '/dev/null', address: adminAddress },
    ...(parts.lds === undefined ? {} : { lds: parts.lds }),
    ...(parts.runtime === undefined ? {} : { runtime: parts.runtime }),
    ...(parts.rateLimitService === undefined ? {} : { rate_limit_service: parts.rateLimitService }),
    cluster_manager: {
      clusters: parts.clusters,
      ...(parts.sds === undefined ? {} : { sds: parts.sds }),
      ...(parts.cds === undefined ? {} : { cds: parts.cds }),
      ...parts.clusterManager,
    },
  };
}
