/** What has to be in force, and who a member, once all is well again. */

import {
  cdsCluster,
  discoveryClusters,
  extraCluster,
  extraListener,
  faultyClusters,
  namedCluster,
  steadyCluster,
  webSocketCluster,
} from './config.mjs';

/** Reads `/clusters` of the admin server: of each cluster, its hosts by address. */
export async function readMembers(adminUrl) {
  const response = await fetch(`${adminUrl}/clusters`, { headers: { connection: 'close' } });
  const clusters = new Map();
  for (const line of (await response.text()).split('\n')) {
    const [cluster, address, name, value] = line.split('::');
    if (!clusters.has(cluster)) clusters.set(cluster, new Map());
    const hosts = clusters.get(cluster);
    if (/:\d+$/.test(address)) hosts.set(address, { ...hosts.get(address), [name]: value });
  }
  return clusters;
}

/**
 * Compares the hosts of each cluster with those that there are.
 *
 * @param members as `readMembers` returns them
 * @param world `{ hostUrls, http2Urls, steadyUrls }`
 * @param connectionCount how many connections there are to hosts; `undefined` if that cannot be seen
 */
export function checkMembers(members, stats, world, connectionCount) {
  const problems = [];
  let open = 0;
  for (const [cluster, hosts] of members) {
    if (cluster === '' || discoveryClusters.includes(cluster)) continue;
    const gauge = (name) => stats.get(`cluster.${cluster}.${name}`) ?? 0;
    const sum = (name) => [...hosts.values()].reduce((all, host) => all + Number(host[name]), 0);
    const healthy = [...hosts.values()].filter((host) => host.health_flags === 'healthy').length;
    open += gauge('upstream_cx_active');
    const compared = [
      ['membership_total', hosts.size],
      ['membership_healthy', healthy],
      ['upstream_rq_active', sum('rq_active')],
      // Of those that are members no more, connections have ended with their requests.
      ['upstream_cx_active', sum('cx_active')],
    ];
    for (const [name, count] of compared) {
      if (gauge(name) !== count) {
        problems.push(`cluster ${cluster}: ${name} is ${gauge(name)}, of its hosts it is ${count}`);
      }
    }
    problems.push(...compareAddresses(cluster, [...hosts.keys()], world));
  }
  if (connectionCount !== undefined && open !== connectionCount) {
    problems.push(`upstream_cx_active is ${open} in all, but there are ${connectionCount} sockets`);
  }
  return problems;
}

function compareAddresses(cluster, addresses, { hostUrls, http2Urls, steadyUrls }) {
  const listed = { [steadyCluster]: steadyUrls, [extraCluster]: steadyUrls, http2: http2Urls };
  const expected = (listed[cluster] ?? hostUrls).map((url) => url.replace('tcp://', ''));
  // One of them, whichever DNS has told of first.
  const isOne = cluster === 'logical_dns' && addresses.length === 1;
  const missing = isOne ? [] : expected.filter((address) => !addresses.includes(address));
  const wrong = addresses.filter((address) => !expected.includes(address));
  if (missing.length + wrong.length === 0) return [];
  const list = (items) => (items.length === 0 ? 'nothing' : items.join(', '));
  return [`cluster ${cluster} lacks ${list(missing)}, and has ${list(wrong)} too much`];
}

/**
 * Checks that every update has been taken: of files, of RDS, of CDS and of LDS.
 *
 * @param inForce as `Faults` has it
 * @param revisions of the routes that each listener has answered by at last
 */
export function checkInForce(stats, inForce, revisions) {
  const problems = [];
  const { revision, discoveredRevision, hasExtra, hasCluster, hasListener } = inForce;
  const expected = { ingress: revision, egress: revision, ingress_rds: discoveredRevision };
  for (const [door, wanted] of Object.entries(expected)) {
    const seen = revisions.get(door);
    if (seen !== wanted) problems.push(`${door} has routes of revision ${seen}, not of ${wanted}`);
  }
  const kept = [steadyCluster, ...faultyClusters, namedCluster, webSocketCluster];
  const wanted = [...kept, ...discoveryClusters];
  if (hasExtra) wanted.push(extraCluster);
  if (hasCluster) wanted.push(cdsCluster);
  const present = [...stats.keys()].flatMap((name) => {
    const match = /^cluster\.([^.]+)\.upstream_rq_total$/.exec(name);
    return match === null ? [] : [match[1]];
  });
  const list = (names) => [...names].sort().join(', ');
  if (list(wanted) !== list(present)) {
    problems.push(`the clusters are ${list(present)}, and should be ${list(wanted)}`);
  }
  const isThere = stats.has(`http.${extraListener}.downstream_rq_total`);
  const listeners = stats.get('listener_manager.total_listeners_active');
  if (isThere !== hasListener || listeners !== (hasListener ? 4 : 3)) {
    const what = `there are ${listeners} listeners, ${isThere ? 'with' : 'without'}`;
    problems.push(`${what} that of LDS, which should be ${hasListener ? '' : 'not '}there`);
  }
  const total = stats.get('cluster_manager.total_clusters');
  if (total !== wanted.length) problems.push(`total_clusters is ${total}, not ${wanted.length}`);
  return problems;
}

/** Longest series of sendings of one request: by its retries, and once more for a stale connection. */
const maxAttempts = { once: 2, again: 5 };

/** A request does not come to hosts more often than its route lets it. */
export function checkAttempts(attempts, results) {
  const problems = [];
  for (const [id, count] of attempts) {
    const result = results.byId.get(id);
    if (result === undefined) {
      problems.push(`request ${id}, which came to hosts, was never made`);
      continue;
    }
    const max = result.isOnce || result.door === 'name' ? maxAttempts.once : maxAttempts.again;
    if (count > max) problems.push(`request ${id} came to hosts ${count} times, ${max} at most`);
  }
  return problems;
}
