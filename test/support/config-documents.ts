import { readFileSync } from 'node:fs';
import { ConfigError, describeProblem } from '../../lib/base/errors.js';
import { parseConfig, parseConfigText } from '../../lib/config/parse-config.js';

/** A JSON object of a document that a test takes apart. */
export interface JsonObject {
  [key: string]: JsonValue;
}

export type JsonValue = string | number | boolean | null | undefined | JsonValue[] | JsonObject;

/** One of the two seed files, byte for byte. */
export function readSeed(name: 'edge-envoy' | 'flask-app-envoy'): Buffer {
  // Tests run two folders deep in the build folder, which stands at the project root.
  const url = new URL(`../../../test/support/seed/${name}/envoy.json`, import.meta.url);
  return readFileSync(url);
}

/** A document with the least that is required of everything; the parts can be replaced. */
export function minimalDocument(parts: JsonObject = {}): JsonObject {
  return {
    listeners: [],
    admin: { access_log_path: '/dev/null', address: 'tcp://127.0.0.1:9901' },
    cluster_manager: { clusters: [] },
    ...parts,
  };
}

/** A listener with an `http_connection_manager` of the given config. */
export function httpListener(config: JsonObject, parts: JsonObject = {}): JsonObject {
  return {
    address: 'tcp://127.0.0.1:80',
    filters: [{ name: 'http_connection_manager', config }],
    ...parts,
  };
}

/** The least config of an `http_connection_manager`; the parts can be replaced. */
export function managerConfig(parts: JsonObject = {}): JsonObject {
  return {
    codec_type: 'auto',
    stat_prefix: 'ingress_http',
    route_config: { virtual_hosts: [] },
    filters: [{ name: 'router', config: {} }],
    ...parts,
  };
}

/** A document with one listener, whose config has the given parts. */
export function managerDocument(parts: JsonObject): JsonObject {
  return minimalDocument({ listeners: [httpListener(managerConfig(parts))] });
}

/** A document with one route table, that does not ask whether the clusters exist. */
export function routesDocument(...routes: JsonValue[]): JsonObject {
  return managerDocument({
    route_config: {
      validate_clusters: false,
      virtual_hosts: [{ name: 'backend', domains: ['*'], routes }],
    },
  });
}

/** A `static` cluster; the parts can be replaced. */
export function staticCluster(parts: JsonObject = {}): JsonObject {
  return {
    name: 'backend',
    type: 'static',
    connect_timeout_ms: 250,
    lb_type: 'round_robin',
    hosts: [{ url: 'tcp://127.0.0.1:5000' }],
    ...parts,
  };
}

/** A document with the given clusters, and further parts of the `cluster_manager`. */
export function clustersDocument(clusters: JsonValue[], parts: JsonObject = {}): JsonObject {
  return minimalDocument({ cluster_manager: { clusters, ...parts } });
}

/** The path of the first route of `routesDocument`. */
export const routePath = 'listeners[0].filters[0].config.route_config.virtual_hosts[0].routes[0]';

/** The problems of a document, as `path: message`; none if it is accepted. */
export function problemsOf(document: unknown, unsupported: 'error' | 'warn' = 'error'): string[] {
  return collectProblems(() => parseConfig(document, { source: 'test', unsupported }));
}

/** The problems of a text, as `path: message`. */
export function textProblemsOf(text: string | Uint8Array): string[] {
  return collectProblems(() => parseConfigText(text, { source: 'test', unsupported: 'error' }));
}

/** The warnings of an accepted document, as `path: message`. */
export function warningsOf(document: unknown, unsupported: 'error' | 'warn' = 'warn'): string[] {
  return parseConfig(document, { source: 'test', unsupported }).warnings.map(describeProblem);
}

function collectProblems(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems.map(describeProblem);
    }
    throw error;
  }
}
