import { ConfigError, type ConfigProblem } from '../base/errors.js';
import { type ClusterConfig, parseCluster } from './cluster-config.js';
import { deepFreeze } from './deep-freeze.js';
import { DocumentScope } from './document-scope.js';
import { formatJsonPath } from './json-path.js';
import { JsonReader } from './json-reader.js';
import { type ListenerConfig, parseListener } from './listener-config.js';
import { type PlacedMessage, ProblemCollector, type UnsupportedMode } from './problem-collector.js';
import { parseRouteTable, type RouteTableConfig } from './route-table-config.js';
import { cdsAnswerSchema, ldsAnswerSchema } from './schema/discovery-answer-schemas.js';
import { routeTableSchema } from './schema/route-table-schema.js';
import type { ObjectSchema } from './schema/schema.js';

/** What the answer of a discovery service is checked against. */
export interface AnswerContext {
  /** What messages call the answer, as "the answer of the cluster cds". */
  readonly source: string;
  /** What a key does that is known but not supported. */
  readonly unsupported: UnsupportedMode;
  /** The clusters that there are, for references that are checked. */
  readonly clusterNames?: Iterable<string>;
  /** Whether more clusters may come, so that a name may be right although there is none yet. */
  readonly hasCds?: boolean;
  /** Whether clusters of type `sds` have a service to ask. */
  readonly hasSds?: boolean;
  /** Names of the HTTP filters that the application brings itself. */
  readonly httpFilters?: Iterable<string>;
}

/** What an answer says, and what should be known although it can be used. */
export interface ParsedAnswer<T> {
  readonly config: T;
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Checks the answer of a cluster discovery service: reference 4.9. The result is deeply frozen.
 *
 * Throws a `ConfigError` with every problem: one wrong cluster makes the whole answer void.
 */
export function parseCdsAnswer(
  value: unknown,
  context: AnswerContext,
): ParsedAnswer<readonly ClusterConfig[]> {
  return parseAnswer(value, cdsAnswerSchema, context, (reader, scope) => {
    const sds = context.hasSds === true ? 'present' : 'absent';
    return reader.objects('clusters').flatMap((cluster) => parseCluster(cluster, scope, sds) ?? []);
  });
}

/** Checks the answer of a listener discovery service, as `parseCdsAnswer` does. */
export function parseLdsAnswer(
  value: unknown,
  context: AnswerContext,
): ParsedAnswer<readonly ListenerConfig[]> {
  return parseAnswer(value, ldsAnswerSchema, context, (reader, scope) =>
    reader.objects('listeners').flatMap((listener) => parseListener(listener, scope) ?? []),
  );
}

/**
 * Checks the answer of a route discovery service, as `parseCdsAnswer` does. Clusters that do not
 * exist are no problem unless the table says `validate_clusters`: reference 2.3.
 */
export function parseRdsAnswer(
  value: unknown,
  context: AnswerContext,
): ParsedAnswer<RouteTableConfig> {
  return parseAnswer(value, routeTableSchema, context, (reader, scope) =>
    parseRouteTable(reader, scope, false),
  );
}

function parseAnswer<T extends object>(
  value: unknown,
  schema: ObjectSchema,
  context: AnswerContext,
  parse: (reader: JsonReader, scope: DocumentScope) => T,
): ParsedAnswer<T> {
  const collector = new ProblemCollector(context.unsupported, context.httpFilters);
  const scope = new DocumentScope(collector);
  for (const name of context.clusterNames ?? []) {
    scope.clusters.addKnown(name);
  }
  if (context.hasCds === true) {
    scope.clusters.markDiscovered();
  }
  const reader = JsonReader.open(value, undefined, schema, collector);
  const config = reader && parse(reader, scope);
  scope.clusters.check();
  const toProblem = ({ path, message }: PlacedMessage): ConfigProblem => ({
    path: formatJsonPath(path),
    message,
  });
  if (config === undefined || collector.hasProblems) {
    throw new ConfigError(collector.problemsIn(value).map(toProblem), context.source);
  }
  return deepFreeze({ config, warnings: collector.warningsIn(value).map(toProblem) });
}
