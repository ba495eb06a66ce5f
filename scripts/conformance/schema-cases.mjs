import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../dist/lib/config/parse-config.js';
import {
  completeDocument,
  listenerOf,
  managerDocument,
  routeDocument,
  staticCluster,
  tableOf,
} from './documents.mjs';

/** Where an object of each kind stands in a document. */
const placements = {
  access_log: (config) => managerDocument({ access_log: [config] }),
  access_log_filter: (config) =>
    managerDocument({ access_log: [{ path: '/dev/null', filter: config.filter ?? config }] }),
  cds: (config) => ({ cluster_manager: config }),
  cluster: (config) => ({ cluster_manager: { clusters: [config] } }),
  cluster_manager: (config) => ({ cluster_manager: config }),
  fault_filter: (config) => httpFilter({ name: 'fault', config }),
  filter: (config, test) => filter(config, test.source.test),
  health_check: (config) => clusterWith({ health_check: config }),
  http_connection_manager: (config) => manager(config),
  http_connection_manager_or_rds: (config) => managerOrRds(config),
  http_filter: (config, test) => httpFilterByFactory(config, test.factory),
  lds: (config) => ({ listeners: config.listeners, ...without(config, 'listeners') }),
  listener: (config) => ({ listeners: [config] }),
  network_filter: (config, test) => networkFilterByFactory(config, test.factory),
  outlier_detection: (config) => clusterWith({ outlier_detection: config }),
  rate_limits_or_route: (config) => rateLimitsOrRoute(config),
  ratelimit_filter: (config) => httpFilter({ name: 'rate_limit', config }),
  route_config: (config) => routeDocument(config),
  route_entry: (config) =>
    routeDocument({ virtual_hosts: [{ name: 'conformance', domains: ['*'], routes: [config] }] }),
  router_filter: (config) => managerDocument({ filters: [{ name: 'router', config }] }),
  tcp_proxy_filter: (config) => ({ listeners: [listenerOf([{ name: 'tcp_proxy', config }])] }),
  top_level: (config) => config,
};

/** Filters by the factory that Envoy's test makes them with. */
const httpFactories = {
  FaultFilterConfig: 'fault',
  GrpcHttp1BridgeFilterConfig: 'grpc_http1_bridge',
  HealthCheckFilterConfig: 'health_check',
  IpTaggingFilterConfig: 'ip_tagging',
  LuaFilterConfig: 'lua',
  RateLimitFilterConfig: 'rate_limit',
};

const networkFactories = {
  RateLimitConfigFactory: 'ratelimit',
  RedisProxyFilterConfigFactory: 'redis_proxy',
};

/** Runs every case of a folder; each result tells whether the verdicts agree. */
export async function runSchemaCases(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => runCase(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

function runCase(test) {
  const { name, kind, valid: expected, config, context_dependent: context } = test;
  if (context !== undefined) {
    return { name, agrees: true, detail: `not decided by the document alone: ${context}` };
  }
  const place = placements[kind];
  if (place === undefined) {
    return { name, agrees: false, detail: `the kind ${kind} is not known` };
  }
  const problems = problemsOf(place, config, test);
  const found = problems.length === 0;
  const verdict = found ? 'accepted' : `refused: ${problems.join(' | ')}`;
  return {
    name,
    agrees: found === expected,
    detail: `expected ${expected ? 'accepted' : 'refused'}, ${verdict}`,
  };
}

function problemsOf(place, config, test) {
  // A case of tcp_proxy is refused because nobody knows its cluster.
  const unknown = test.kind === 'tcp_proxy_filter' ? ['fake_cluster'] : [];
  const { unknown_clusters: unknownClusters = [], validate_clusters_arg: validates } = test.source;
  const placed = place(config, test);
  if (validates === false) {
    const table = placed.listeners[0].filters[0].config.route_config;
    table.validate_clusters ??= false;
  }
  const document = completeDocument(placed, [...unknown, ...unknownClusters]);
  try {
    parseConfig(document, { source: test.name, unsupported: 'warn' });
    return [];
  } catch (error) {
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

function manager(config) {
  return { listeners: [listenerOf([{ name: 'http_connection_manager', config }])] };
}

function httpFilter(entry) {
  const router = { name: 'router', config: {} };
  return managerDocument({ filters: entry.name === 'router' ? [entry] : [entry, router] });
}

/** What Envoy's test translates: a whole entry, or the config of the filter that it is named for. */
function filter(config, testName) {
  return config.name === undefined && testName.endsWith('TranslateRouter')
    ? managerDocument({ filters: [{ name: 'router', config }] })
    : httpFilter(config);
}

/** The cases hold a connection manager, the `rds` of one, or the answer of the service. */
function managerOrRds(config) {
  if (config.virtual_hosts !== undefined) {
    return routeDocument({ validate_clusters: false, ...config });
  }
  return config.filters === undefined
    ? managerDocument({ rds: config.rds ?? config })
    : manager(config);
}

function httpFilterByFactory(config, factory) {
  if (factory === 'ZipkinHttpTracerFactory') {
    return { tracing: { http: { driver: { type: 'zipkin', config } } } };
  }
  if (factory === 'RouterFilterConfig') {
    return managerDocument({ filters: [{ name: 'router', config }] });
  }
  return httpFilter({ name: httpFactories[factory], config });
}

function networkFilterByFactory(config, factory) {
  return factory === 'HttpConnectionManagerFilterConfigFactory'
    ? manager(config)
    : { listeners: [listenerOf([{ name: networkFactories[factory], config }])] };
}

function clusterWith(parts) {
  return { cluster_manager: { clusters: [{ ...staticCluster('conformance'), ...parts }] } };
}

/** The cases hold a rate limit, a list of them, or a whole route table. */
function rateLimitsOrRoute(config) {
  if (config.virtual_hosts !== undefined) {
    return routeDocument(config);
  }
  const limits = config.rate_limits ?? (Array.isArray(config) ? config : [config]);
  return routeDocument(tableOf({ rate_limits: limits }));
}

function without(object, key) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}
