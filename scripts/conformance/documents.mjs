// Puts an object of the v1 schema into the smallest document that has a place for it.

const admin = { access_log_path: '/dev/null', address: 'tcp://127.0.0.1:9901' };

/** A document with the clusters that its references name, where it does not have them itself. */
export function completeDocument(parts, unknownClusters = []) {
  const { clusters = [], ...manager } = parts.cluster_manager ?? {};
  const document = {
    listeners: [],
    admin,
    ...parts,
    cluster_manager: { clusters, ...manager },
  };
  if (Array.isArray(clusters)) {
    const known = new Set([...namesOf(clusters), ...unknownClusters]);
    for (const discovery of [manager.sds, manager.cds]) {
      known.add(discovery?.cluster?.name);
    }
    const missing = [...referencesIn(document)].filter((name) => !known.has(name));
    document.cluster_manager.clusters = [...clusters, ...missing.map(staticCluster)];
  }
  if (usesSds(document) && manager.sds === undefined) {
    document.cluster_manager.sds = {
      cluster: staticCluster('conformance_sds'),
      refresh_delay_ms: 1000,
    };
  }
  return document;
}

export function staticCluster(name) {
  return {
    name,
    type: 'static',
    connect_timeout_ms: 250,
    lb_type: 'round_robin',
    hosts: [{ url: 'tcp://127.0.0.1:80' }],
  };
}

export function listenerOf(filters, parts = {}) {
  return { address: 'tcp://127.0.0.1:8080', filters, ...parts };
}

export function managerOf(parts) {
  return {
    codec_type: 'auto',
    stat_prefix: 'conformance',
    ...(parts.rds === undefined ? { route_config: { virtual_hosts: [] } } : {}),
    filters: [{ name: 'router', config: {} }],
    ...parts,
  };
}

export function managerDocument(parts) {
  const filter = { name: 'http_connection_manager', config: managerOf(parts) };
  return { listeners: [listenerOf([filter])] };
}

export function routeDocument(routeConfig) {
  return managerDocument({ route_config: routeConfig });
}

/** A route table with one route. */
export function tableOf(route) {
  return {
    virtual_hosts: [
      { name: 'conformance', domains: ['*'], routes: [{ prefix: '/', cluster: 'any', ...route }] },
    ],
  };
}

function namesOf(clusters) {
  return clusters.map((cluster) => cluster?.name);
}

const clusterKeys = new Set([
  'cluster',
  'cluster_name',
  'collector_cluster',
  'auth_api_cluster',
  'local_cluster_name',
  'statsd_tcp_cluster_name',
]);

/** The names of clusters that stand anywhere in a document. */
export function referencesIn(value, names = new Set()) {
  if (typeof value !== 'object' || value === null) {
    return names;
  }
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === 'string' && member !== '' && clusterKeys.has(key)) {
      names.add(member);
    } else if (key === 'weighted_clusters' && Array.isArray(member?.clusters)) {
      for (const { name } of member.clusters) {
        if (typeof name === 'string') {
          names.add(name);
        }
      }
    } else {
      referencesIn(member, names);
    }
  }
  return names;
}

function usesSds(document) {
  const { clusters } = document.cluster_manager;
  return Array.isArray(clusters) && clusters.some((cluster) => cluster?.type === 'sds');
}
