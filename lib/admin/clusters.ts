import type { ResourceManager } from '../upstream/resource-manager.js';
import type { AdminCluster, AdminContext, AdminHost } from './admin-context.js';
import { type AdminEndpoint, textReply } from './admin-endpoint.js';

/** `/clusters`: every cluster and its hosts, one line for each value. */
export const clustersEndpoint: AdminEndpoint = {
  path: '/clusters',
  help: 'upstream cluster status',
  isMutation: false,
  reply: (context) => textReply(200, describeClusters(context)),
};

function* describeClusters(context: AdminContext): Generator<string, void, undefined> {
  for (const cluster of context.clusters()) {
    yield describeCluster(cluster);
    for (const host of cluster.hostSet.hosts) {
      yield describeHost(cluster.name, host);
    }
  }
}

function describeCluster(cluster: AdminCluster): string {
  const { name } = cluster;
  return (
    describeOutliers(cluster) +
    describeThresholds(`${name}::default_priority`, cluster.defaultResources) +
    describeThresholds(`${name}::high_priority`, cluster.highResources) +
    (cluster.breaker === undefined ? '' : `${name}::breaker::state::${cluster.breaker.state}\n`) +
    `${name}::added_via_api::${cluster.addedViaApi}\n`
  );
}

function describeOutliers({ name, outlierSummary }: AdminCluster): string {
  return outlierSummary === undefined
    ? ''
    : `${name}::outlier::success_rate_average::${outlierSummary.successRateAverage}\n` +
        `${name}::outlier::success_rate_ejection_threshold::${outlierSummary.successRateEjectionThreshold}\n`;
}

function describeThresholds(start: string, resources: ResourceManager): string {
  return (
    `${start}::max_connections::${resources.connections.max}\n` +
    `${start}::max_pending_requests::${resources.pendingRequests.max}\n` +
    `${start}::max_requests::${resources.requests.max}\n` +
    `${start}::max_retries::${resources.retries.max}\n`
  );
}

/** The success rate of a host that outlier detection does not watch; -1 says that it has not been computed. */
const noSuccessRate = -1;

function describeHost(clusterName: string, host: AdminHost): string {
  const start = `${clusterName}::${host.address}`;
  const { stats } = host;
  return (
    `${start}::cx_active::${stats.cxActive}\n` +
    `${start}::cx_connect_fail::${stats.cxConnectFail}\n` +
    `${start}::cx_total::${stats.cxTotal}\n` +
    `${start}::rq_active::${stats.rqActive}\n` +
    `${start}::rq_error::${stats.rqError}\n` +
    `${start}::rq_success::${stats.rqSuccess}\n` +
    `${start}::rq_timeout::${stats.rqTimeout}\n` +
    `${start}::rq_total::${stats.rqTotal}\n` +
    `${start}::health_flags::${host.healthFlags}\n` +
    `${start}::weight::${host.weight}\n` +
    `${start}::zone::${host.zone}\n` +
    `${start}::canary::${host.isCanary}\n` +
    `${start}::success_rate::${host.outlierMonitor?.successRate ?? noSuccessRate}\n`
  );
}
