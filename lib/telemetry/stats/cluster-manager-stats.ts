import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `cluster_manager.` of all clusters together: reference 8.4. */
export class ClusterManagerStats implements StatSource {
  clusterAdded = 0;
  clusterModified = 0;
  clusterRemoved = 0;
  /** Clusters in force. */
  totalClusters = 0;
  /** Clusters that wait for their hosts before they come into force. */
  warmingClusters = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<ClusterManagerStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<ClusterManagerStats>>[] = [
  ['clusterAdded', 'cluster_added', 'counter'],
  ['clusterModified', 'cluster_modified', 'counter'],
  ['clusterRemoved', 'cluster_removed', 'counter'],
  ['totalClusters', 'total_clusters', 'gauge'],
  ['warmingClusters', 'warming_clusters', 'gauge'],
];
