import { documentSchema } from '../../lib/config/schema/document-schema.js';
import type { ObjectSchema, ValueSchema } from '../../lib/config/schema/schema.js';
import type { JsonObject, JsonValue } from './config-documents.js';
import { minimalObject } from './schema-samples.js';

/** Where one kind of object stands in another. */
interface Step {
  readonly parent: ObjectSchema;
  readonly key: string;
  /** How many arrays are around the object, and how many entries each must have. */
  readonly minItems: readonly number[];
}

/** A document that holds one object of some kind. */
export interface ReachingDocument {
  readonly document: JsonObject;
  /** The path of the object, as messages write it; empty for the document itself. */
  readonly path: string;
}

/** The keys that cannot stand beside a key, by type and key. */
const rivals: Readonly<Record<string, readonly string[]>> = {
  'Route.path': ['prefix'],
  'Route.regex': ['prefix'],
  'Route.cluster_header': ['cluster'],
  'Route.weighted_clusters': ['cluster'],
  'Route.host_redirect': ['cluster'],
  'Route.path_redirect': ['cluster'],
  'HttpConnectionManager.rds': ['route_config'],
};

/** What else a key needs, by type and key. */
const companions: Readonly<Record<string, JsonObject>> = {
  'ClusterTls.cert_chain_file': { private_key_file: 'key.pem' },
  'ClusterTls.private_key_file': { cert_chain_file: 'cert.pem' },
  'HeaderMatcher.regex': { value: 'a' },
  'QueryParameterMatcher.regex': { value: 'a' },
};

const backend: JsonObject = {
  name: 'backend',
  type: 'static',
  connect_timeout_ms: 250,
  lb_type: 'round_robin',
  hosts: [{ url: 'tcp://127.0.0.1:8081' }],
};

/** A document that holds an object of the kind `schema` with `key`, and is right but for `value`. */
export function documentWith(
  schema: ObjectSchema,
  key: string,
  value: JsonValue,
): ReachingDocument {
  const name = `${schema.typeName}.${key}`;
  const object: JsonObject = { ...minimalObject(schema), ...companions[name], [key]: value };
  for (const rival of rivals[name] ?? []) {
    delete object[rival];
  }
  return enclose(schema, object);
}

/** Puts an object where one of its kind may stand, and that where one of its kind may, and so on. */
function enclose(schema: ObjectSchema, object: JsonObject): ReachingDocument {
  const step = steps().get(schema);
  if (step === undefined) {
    return { document: withBackend(object), path: '' };
  }
  const { parent, key, minItems } = step;
  const value = minItems.reduceRight<JsonValue>(
    (inner, count) => Array.from({ length: Math.max(count, 1) }, () => structuredClone(inner)),
    object,
  );
  const { document, path } = documentWith(parent, key, value);
  const start = path === '' ? key : `${path}.${key}`;
  return { document, path: start + '[0]'.repeat(minItems.length) };
}

function withBackend(document: JsonObject): JsonObject {
  const manager = document['cluster_manager'];
  if (typeof manager === 'object' && manager !== null && !Array.isArray(manager)) {
    const { clusters } = manager;
    if (Array.isArray(clusters)) {
      clusters.push(backend);
    }
  }
  return document;
}

let found: ReadonlyMap<ObjectSchema, Step> | undefined;

/** The shortest way to every kind of object. */
function steps(): ReadonlyMap<ObjectSchema, Step> {
  if (found === undefined) {
    const map = new Map<ObjectSchema, Step>();
    const waiting = [documentSchema];
    for (let parent = waiting.shift(); parent !== undefined; parent = waiting.shift()) {
      for (const [key, { value }] of Object.entries(parent.keys)) {
        for (const [schema, minItems] of objectsOf(value)) {
          if (schema !== documentSchema && !map.has(schema)) {
            map.set(schema, { parent, key, minItems });
            waiting.push(schema);
          }
        }
      }
    }
    found = map;
  }
  return found;
}

function objectsOf(value: ValueSchema): (readonly [ObjectSchema, readonly number[]])[] {
  switch (value.type) {
    case 'object':
      return [[value.object, []]];
    case 'union':
      return Object.values(value.union.variants).map(({ object }) => [object, []]);
    case 'array':
      return objectsOf(value.items).map(([schema, minItems]) => [
        schema,
        [value.minItems ?? 0, ...minItems],
      ]);
    default:
      return [];
  }
}
