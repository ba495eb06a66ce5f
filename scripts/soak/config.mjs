/** The configuration of the sidecar under test, and the changes that are made to it. */

export const serviceCluster = 'soak';
export const serviceNode = 'soak-1';
/** What the members of the clusters that are discovered are registered as. */
export const serviceName = 'app.default.svc.cluster.local';
/** The name that the clusters of DNS look up. */
export const dnsName = 'app.soak.test';
export const routeTableName = 'soak_routes';
/** The host that outbound calls by route are for. */
export const outboundHost = 'app.soak';

export const addresses = {
  ingress: 'tcp://127.0.0.1:10000',
  ingressRds: 'tcp://127.0.0.1:10001',
  egress: 'tcp://127.0.0.1:10002',
  admin: 'tcp://127.0.0.1:10003',
};

/** What requests through listeners and by outbound routes are for. Nothing happens to `steady`. */
export const steadyCluster = 'steady';
/** The cluster that outbound calls reach by its name, without a route, and nothing else does. */
export const namedCluster = 'named';
export const webSocketCluster = 'ws';
/** The cluster whose circuit breakers admit hardly anything. */
export const tightCluster = 'tight';
/** The cluster that CDS tells of, at times. */
export const cdsCluster = 'from_cds';
/** The cluster that is in the file at times. */
export const extraCluster = 'extra';

/** The clusters that faults happen to, whatever they are found by. */
export const faultyClusters = [
  'static',
  'sds',
  'sds_checked',
  'ring',
  tightCluster,
  'strict_dns',
  'logical_dns',
  'http2',
];

/** The clusters of the services for SDS, CDS, RDS and LDS. */
export const discoveryClusters = ['hosts', 'clusters', 'routes', 'listeners'];
/** The listener that LDS tells of, at times. */
export const extraListener = 'extra';

/** A route table or a cluster as it is at first; `vary` makes others of it. */
export const firstVariant = { revision: 0, hasExtra: false, connectTimeoutMs: 250, retries: 2 };

/** Draws the next variant of the configuration. */
export function vary(previous, random) {
  return {
    revision: previous.revision + 1,
    hasExtra: random.chance(0.5),
    connectTimeoutMs: random.pick([200, 250, 300]),
    retries: random.pick([1, 2, 3]),
  };
}

const outlierDetection = {
  consecutive_5xx: 5,
  interval_ms: 1000,
  base_ejection_time_ms: 1000,
  max_ejection_percent: 30,
};

const healthCheck = {
  type: 'http',
  path: '/healthz',
  timeout_ms: 300,
  interval_ms: 1000,
  interval_jitter_ms: 200,
  unhealthy_threshold: 2,
  healthy_threshold: 2,
};

/** Returns the clusters of the file. */
function createClusters(world, variant) {
  const { hostUrls, http2Urls, steadyUrls, appPort, dnsPort } = world;
  const base = { connect_timeout_ms: variant.connectTimeoutMs, lb_type: 'round_robin' };
  const retries = { circuit_breakers: { default: { max_retries: 50 } } };
  const fixed = (name, urls, more = {}) => ({
    ...base,
    ...retries,
    name,
    type: 'static',
    hosts: urls.map((url) => ({ url })),
    ...more,
  });
  const discovered = (name, more) => ({
    ...base,
    ...retries,
    name,
    type: 'sds',
    service_name: serviceName,
    ...more,
  });
  const byName = (name, type, more) => ({
    ...base,
    ...retries,
    name,
    type,
    hosts: [{ url: `tcp://${dnsName}:${appPort}` }],
    dns_refresh_rate_ms: 300,
    dns_resolvers: [`127.0.0.1:${dnsPort}`],
    ...more,
  });
  const clusters = [
    // Its definition changes too, and still none of its requests may fail.
    fixed(steadyCluster, steadyUrls, { connect_timeout_ms: 2000 + variant.revision }),
    fixed('static', hostUrls, { outlier_detection: outlierDetection }),
    discovered('sds', { lb_type: 'least_request' }),
    discovered('sds_checked', { health_check: healthCheck, outlier_detection: outlierDetection }),
    discovered('ring', { lb_type: 'ring_hash' }),
    fixed(tightCluster, hostUrls, {
      lb_type: 'random',
      max_requests_per_connection: 5,
      circuit_breakers: {
        default: { max_connections: 2, max_pending_requests: 3, max_retries: 1 },
      },
    }),
    byName('strict_dns', 'strict_dns', {}),
    byName('logical_dns', 'logical_dns', {}),
    fixed('http2', http2Urls, { features: 'http2', outlier_detection: outlierDetection }),
    fixed(namedCluster, hostUrls),
    fixed(webSocketCluster, hostUrls),
  ];
  if (variant.hasExtra) clusters.push(fixed(extraCluster, steadyUrls));
  return clusters;
}

/**
 * How long a request may take, from its end to that of its response. What hosts in good health take
 * is not the matter: a busy machine must not make them fail.
 */
export function timeoutOf(cluster) {
  return cluster === steadyCluster ? 10_000 : 2000;
}

/** The routes of every table: `/c/<cluster>/` tries again, `/once/<cluster>/` does not. */
function createRoutes(variant) {
  const clusters = [steadyCluster, ...faultyClusters, cdsCluster, extraCluster];
  const hash = (cluster) =>
    cluster === 'ring' ? { hash_policy: { header_name: 'x-soak-id' } } : {};
  const again = clusters.map((cluster) => ({
    prefix: `/c/${cluster}/`,
    cluster,
    timeout_ms: timeoutOf(cluster),
    retry_policy: {
      retry_on: '5xx',
      num_retries: variant.retries,
      per_try_timeout_ms: timeoutOf(cluster) / 2 - 100,
    },
    ...hash(cluster),
  }));
  const once = clusters.map((cluster) => ({
    prefix: `/once/${cluster}/`,
    cluster,
    timeout_ms: timeoutOf(cluster),
    ...hash(cluster),
  }));
  const tunnel = {
    prefix: '/ws',
    cluster: webSocketCluster,
    use_websocket: true,
    timeout_ms: 2000,
  };
  return [tunnel, ...again, ...once];
}

/** Returns a route table, of a file or of RDS. */
export function createRouteTable(variant, domains = ['*']) {
  return {
    validate_clusters: false,
    virtual_hosts: [{ name: 'all', domains, routes: createRoutes(variant) }],
    response_headers_to_add: [{ key: 'x-soak-revision', value: String(variant.revision) }],
  };
}

function createListener(name, address, routes, logPath) {
  const format =
    '%REQ(X-SOAK-ID)% %RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_CLUSTER% %DURATION%\n';
  const config = {
    codec_type: 'auto',
    stat_prefix: name,
    access_log: [{ path: logPath, format }],
    filters: [{ name: 'router', config: {} }],
    ...routes,
  };
  return { name, address, filters: [{ name: 'http_connection_manager', config }] };
}

/** Returns the listener that LDS tells of, at times. */
export function createExtraListener(world, variant) {
  const routes = { route_config: createRouteTable(variant) };
  return createListener(extraListener, world.extraAddress, routes, world.logPaths.extra);
}

/** Returns the cluster that CDS tells of, at times. */
export function createCdsCluster(world, variant) {
  return {
    name: cdsCluster,
    connect_timeout_ms: variant.connectTimeoutMs,
    type: 'static',
    lb_type: 'round_robin',
    hosts: world.hostUrls.map((url) => ({ url })),
  };
}

/** Returns an `envoy.json`. */
export function createConfig(world, variant) {
  const { logPaths } = world;
  const rds = { cluster: 'routes', route_config_name: routeTableName, refresh_delay_ms: 400 };
  const service = (name) => ({
    name,
    connect_timeout_ms: 250,
    type: 'static',
    lb_type: 'round_robin',
    hosts: [{ url: `tcp://127.0.0.1:${world.registryPort}` }],
  });
  const routes = (domains) => ({ route_config: createRouteTable(variant, domains) });
  return {
    listeners: [
      createListener('ingress', addresses.ingress, routes(), logPaths.ingress),
      createListener('ingress_rds', addresses.ingressRds, { rds }, logPaths.ingress_rds),
      createListener('egress', addresses.egress, routes([outboundHost]), logPaths.egress),
    ],
    lds: { cluster: 'listeners', refresh_delay_ms: 400 },
    admin: { access_log_path: '/dev/null', address: addresses.admin },
    cluster_manager: {
      clusters: [...createClusters(world, variant), service('routes'), service('listeners')],
      sds: { cluster: service('hosts'), refresh_delay_ms: 300 },
      cds: { cluster: service('clusters'), refresh_delay_ms: 400 },
    },
  };
}
