import type {
  KeySchema,
  ObjectSchema,
  UnionSchema,
  ValueSchema,
} from '../../lib/config/schema/schema.js';
import type { JsonObject, JsonValue } from './config-documents.js';

/** What values must be where the schema allows more than the rules beyond it, by type and key. */
const samples: Readonly<Record<string, JsonValue>> = {
  'Listener.address': 'tcp://127.0.0.1:80',
  'Cluster.name': 'of_the_object',
  'Route.regex': '/a',
  'Route.cluster': 'backend',
  'RequestHeadersAction.header_name': 'x-user',
  'Host.url': 'tcp://127.0.0.1:8080',
  'WeightedCluster.weight': 100,
};

/** What an object needs beyond the keys that the schema requires, by type. */
const needs: Readonly<Record<string, JsonObject>> = {
  Cluster: { type: 'static', hosts: [{ url: 'tcp://127.0.0.1:8080' }] },
  HttpConnectionManager: { route_config: { virtual_hosts: [] } },
  Route: { prefix: '/', cluster: 'backend' },
  HealthCheck: { type: 'http', path: '/' },
  Fault: { delay: { type: 'fixed', fixed_delay_percent: 1, fixed_duration_ms: 1 } },
  RangeMatch: { start: 0, end: 1 },
  WeightedClusters: { clusters: [{ name: 'backend', weight: 100 }] },
};

/** Names that every document has a cluster for. */
const clusterKeys = new Set([
  'cluster',
  'cluster_name',
  'collector_cluster',
  'auth_api_cluster',
  'local_cluster_name',
  'statsd_tcp_cluster_name',
]);
/** A value that the schema accepts. */
export function sampleOf(schema: ObjectSchema, key: string, keySchema: KeySchema): JsonValue {
  const sample = samples[`${schema.typeName}.${key}`];
  if (sample !== undefined) {
    return sample;
  }
  if (clusterKeys.has(key) && keySchema.value.type === 'string') {
    return 'backend';
  }
  return parseExample(keySchema) ?? sampleValue(keySchema.value);
}

/** An object of one variant of a union, with the keys that it must have. */
export function sampleVariant(union: UnionSchema, name: string): JsonObject {
  const variant = union.variants[name];
  return variant === undefined ? {} : { ...minimalObject(variant.object), [union.tag]: name };
}

/** An object with the keys that it must have. */
export function minimalObject(schema: ObjectSchema): JsonObject {
  const required = Object.entries(schema.keys).filter(([, { isRequired }]) => isRequired === true);
  const object = Object.fromEntries(
    required.map(([key, keySchema]) => [key, sampleOf(schema, key, keySchema)]),
  );
  return { ...object, ...structuredClone(needs[schema.typeName]) };
}

/** Examples are there for people, and may have dots where something is left out. */
function parseExample({ example, value }: KeySchema): JsonValue | undefined {
  const { type } = value.type === 'array' ? value.items : value;
  return example !== undefined && (type === 'string' || type === 'integer')
    ? JSON.parse(example)
    : undefined;
}

function sampleValue(value: ValueSchema): JsonValue {
  switch (value.type) {
    case 'string':
      return 'text';
    case 'boolean':
      return true;
    case 'integer':
      return Math.max(value.min, 0);
    case 'number':
      return value.moreThan + 1;
    case 'oneOf':
      return value.values[0];
    case 'map':
      return {};
    case 'object':
      return minimalObject(value.object);
    case 'union':
      return sampleVariant(value.union, Object.keys(value.union.variants)[0] ?? '');
    case 'array':
      return Array.from({ length: value.minItems ?? 0 }, () => sampleValue(value.items));
  }
}
