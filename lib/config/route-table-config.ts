import { type CorsConfig, parseCors } from './cors-config.js';
import { quoteText } from './describe-value.js';
import type { DocumentScope } from './document-scope.js';
import { DomainRules } from './domain-rules.js';
import { type HeaderToAddConfig, parseHeadersToAdd } from './header-format.js';
import { isHeaderName } from './header-text.js';
import type { JsonReader } from './json-reader.js';
import { readPattern } from './pattern-key.js';
import { parseRateLimits, type RateLimitConfig } from './rate-limit-config.js';
import { parseRoute, type RouteConfig } from './route-config.js';
import { sslRequirements } from './schema/route-table-schema.js';
import { checkNameLength } from './shared-keys.js';
import type { TableScope } from './table-scope.js';

/** `route_config`: reference 2.3. */
export interface RouteTableConfig {
  readonly virtualHosts: readonly VirtualHostConfig[];
  /** Default true: an unknown cluster in a static table is a configuration error. */
  readonly validateClusters: boolean;
  /** Lower case. */
  readonly internalOnlyHeaders: readonly string[];
  readonly requestHeadersToAdd: readonly HeaderToAddConfig[];
  readonly responseHeadersToAdd: readonly HeaderToAddConfig[];
  /** Lower case. */
  readonly responseHeadersToRemove: readonly string[];
}

/** Which requests over plain text are redirected to https: reference 2.4.1. */
export type SslRequirement = (typeof sslRequirements)[number];

/** A virtual host: reference 2.4. */
export interface VirtualHostConfig {
  readonly name: string;
  /** As written; matching ignores case. */
  readonly domains: readonly string[];
  readonly routes: readonly RouteConfig[];
  readonly requireSsl: SslRequirement | undefined;
  readonly virtualClusters: readonly VirtualClusterConfig[];
  readonly rateLimits: readonly RateLimitConfig[];
  readonly requestHeadersToAdd: readonly HeaderToAddConfig[];
  readonly cors: CorsConfig | undefined;
}

/** A virtual cluster: reference 2.4.2. */
export interface VirtualClusterConfig {
  readonly name: string;
  /** A regular expression that must match the whole path. */
  readonly pattern: string;
  /** `undefined` for any. */
  readonly method: string | undefined;
}

/** Parses a route table. `validatesByDefault` is true for tables of a file: reference 2.3. */
export function parseRouteTable(
  reader: JsonReader,
  document: DocumentScope,
  validatesByDefault = true,
): RouteTableConfig {
  const validateClusters = reader.boolean('validate_clusters') ?? validatesByDefault;
  const table = { document, domains: new DomainRules(document.collector), validateClusters };
  return {
    virtualHosts: reader
      .objects('virtual_hosts')
      .flatMap((virtualHost) => parseVirtualHost(virtualHost, table) ?? []),
    validateClusters,
    internalOnlyHeaders: readHeaderNames(reader, 'internal_only_headers'),
    requestHeadersToAdd: parseHeadersToAdd(reader, 'request_headers_to_add'),
    responseHeadersToAdd: parseHeadersToAdd(reader, 'response_headers_to_add'),
    responseHeadersToRemove: readHeaderNames(reader, 'response_headers_to_remove'),
  };
}

function readHeaderNames(reader: JsonReader, key: string): string[] {
  return reader.strings(key).map(({ value, place }) => {
    if (!isHeaderName(value)) {
      reader.collector.problem(place, `${quoteText(value)} is not the name of a header`);
    }
    return value.toLowerCase();
  });
}

function parseVirtualHost(reader: JsonReader, table: TableScope): VirtualHostConfig | undefined {
  const name = reader.string('name');
  const domains = reader.strings('domains');
  const routes = reader.objects('routes').flatMap((route) => parseRoute(route, table) ?? []);
  for (const { value, place } of domains) {
    table.domains.add(value, place);
  }
  const rest = {
    requireSsl: reader.oneOf('require_ssl', sslRequirements),
    virtualClusters: parseVirtualClusters(reader),
    rateLimits: parseRateLimits(reader),
    requestHeadersToAdd: parseHeadersToAdd(reader, 'request_headers_to_add'),
    cors: parseCors(reader.object('cors'), false),
  };
  if (name === undefined || reader.isLeftOut) {
    return undefined;
  }
  checkNameLength(reader, name);
  return { name, domains: domains.map(({ value }) => value), routes, ...rest };
}

function parseVirtualClusters(reader: JsonReader): VirtualClusterConfig[] {
  return reader.objects('virtual_clusters').flatMap((cluster) => {
    const name = cluster.string('name');
    const pattern = readPattern(cluster, 'pattern');
    const method = cluster.string('method');
    return name === undefined || pattern === undefined ? [] : [{ name, pattern, method }];
  });
}
