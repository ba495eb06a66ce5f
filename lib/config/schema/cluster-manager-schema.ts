import { clusterSchema } from './cluster-schema.js';
import { apiTypeKey, refreshDelayKey } from './discovery-keys.js';
import type { KeySchema, ObjectSchema } from './schema.js';
import { listOf, object, positive, text } from './values.js';

/** The cluster that a discovery service is defined with. */
const discoveryClusterKey: KeySchema = {
  value: object(clusterSchema),
  isRequired: true,
  example: '{ "name": ..., "type": ... }',
  description: 'The cluster of the discovery service, defined here.',
};

const sdsSchema: ObjectSchema = {
  noun: 'the sds of the cluster_manager',
  typeName: 'Sds',
  description: 'The service that the hosts of clusters of type sds are found by.',
  reference: '1.5',
  keys: {
    cluster: {
      ...discoveryClusterKey,
      difference: 'Of any supported type but `sds`.',
      test: 'service-discovery',
    },
    refresh_delay_ms: {
      value: positive,
      isRequired: true,
      example: '1000',
      description: 'Time between two questions, at least; as much again is added at random.',
      test: 'start-up',
    },
  },
};

const cdsSchema: ObjectSchema = {
  noun: 'the cds of the cluster_manager',
  typeName: 'Cds',
  description: 'The service that clusters are found by.',
  reference: '1.5',
  keys: {
    cluster: { ...discoveryClusterKey, test: 'cluster-discovery' },
    refresh_delay_ms: { ...refreshDelayKey, test: 'cluster-discovery' },
    api_type: {
      ...apiTypeKey,
      difference: 'Only `REST_LEGACY`.',
      test: 'cluster-discovery',
    },
  },
};

const eventLogSchema: ObjectSchema = {
  noun: 'the outlier_detection of the cluster_manager',
  typeName: 'OutlierEventLog',
  description: 'What is written about ejected hosts.',
  reference: '1.5',
  keys: {
    event_log_path: {
      value: text,
      description: 'File that ejections are written to.',
      test: 'outlier-event-log',
    },
  },
};

/** `cluster_manager`. */
export const clusterManagerSchema: ObjectSchema = {
  noun: 'the cluster_manager',
  typeName: 'ClusterManager',
  description: 'All clusters that requests can be sent to.',
  reference: '1.5',
  keys: {
    clusters: {
      value: listOf(object(clusterSchema)),
      isRequired: true,
      description: 'The clusters.',
      test: 'cluster-configuration',
    },
    sds: {
      value: object(sdsSchema),
      description: 'The discovery service of hosts. Required if a cluster has the type sds.',
      difference: 'With the option `registrations` neither required nor asked.',
      test: 'start-up',
    },
    local_cluster_name: {
      value: text,
      description: 'The cluster that this process belongs to, for zone-aware routing.',
      difference: 'Zones of two clusters are matched by name. Needs the option serviceZone.',
      test: 'zone-routing',
    },
    outlier_detection: {
      value: object(eventLogSchema),
      description: 'Where ejections are written to.',
      test: 'outlier-event-log',
    },
    cds: {
      value: object(cdsSchema),
      description: 'The discovery service of clusters.',
      test: 'cluster-discovery',
    },
  },
};
