import { listQuoted, quoteText } from './describe-value.js';
import type { DocumentScope } from './document-scope.js';
import { DomainRules } from './domain-rules.js';
import { isHeaderName } from './header-text.js';
import type { JsonReader } from './json-reader.js';
import { checkNameLength } from './shared-keys.js';

/** A header to add, with its name in lower case. */
export interface HeaderToAddConfig {
  readonly name: string;
  readonly value: string;
}

/** `route_config`: reference 2.3. */
export interface RouteTableConfig {
  readonly virtualHosts: readonly VirtualHostConfig[];
  /** Default true: an unknown cluster in a static table is a configuration error. */
  readonly validateClusters: boolean;
  /** Lower case. */
  readonly internalOnlyHeaders: readonly string[];
}

/** A virtual host: reference 2.4. */
export interface VirtualHostConfig {
  readonly name: string;
  /** As written; matching ignores case. */
  readonly domains: readonly string[];
  readonly routes: readonly RouteConfig[];
}

/** One route: reference 2.6. Tried in order, the first match wins. */
export interface RouteConfig {
  readonly match: RouteMatchConfig;
  readonly action: RouteActionConfig;
}

/** Exactly one of `prefix` and `path` (and later `regex`), as a tagged union. */
export type RouteMatchConfig =
  | { readonly kind: 'prefix'; readonly prefix: string; readonly caseSensitive: boolean }
  | { readonly kind: 'path'; readonly path: string; readonly caseSensitive: boolean };

export interface RouteActionConfig {
  readonly kind: 'cluster';
  readonly cluster: string;
  /** Time for the whole response, retries included. Default 15000; 0 means no time-out. */
  readonly timeoutMs: number;
  /** Selects the circuit breakers and the connection pools. */
  readonly priority: RoutingPriority;
}

export type RoutingPriority = 'default' | 'high';

/** Envoy's default of a route's `timeout_ms`. */
const defaultTimeoutMs = 15_000;

const matchKeys = ['prefix', 'path', 'regex'];
const targetKeys = ['cluster', 'cluster_header', 'weighted_clusters'];
const redirectKeys = ['host_redirect', 'path_redirect'];

/** What the virtual hosts and routes of one table share. */
interface TableScope {
  readonly document: DocumentScope;
  readonly domains: DomainRules;
  readonly validateClusters: boolean;
}

/** Parses a route table. */
export function parseRouteTable(reader: JsonReader, document: DocumentScope): RouteTableConfig {
  const validateClusters = reader.optionalBoolean('validate_clusters') ?? true;
  const table = { document, domains: new DomainRules(document.collector), validateClusters };
  const virtualHosts = reader
    .requireObjects(
      'virtual_hosts',
      'virtualHost',
      '[{ "name": ..., "domains": ..., "routes": ... }]',
    )
    .flatMap((virtualHost) => parseVirtualHost(virtualHost, table) ?? []);
  return { virtualHosts, validateClusters, internalOnlyHeaders: readInternalOnlyHeaders(reader) };
}

function readInternalOnlyHeaders(reader: JsonReader): string[] {
  return reader.optionalStrings('internal_only_headers').map(({ value, path }) => {
    if (!isHeaderName(value)) {
      reader.collector.problem(path, `${quoteText(value)} is not the name of a header`);
    }
    return value.toLowerCase();
  });
}

function parseVirtualHost(reader: JsonReader, table: TableScope): VirtualHostConfig | undefined {
  const name = reader.requireString('name', 'backend');
  const domains = reader.requireStrings('domains', '["*"]');
  const routes = reader
    .requireObjects('routes', 'route', '[{ "prefix": "/", "cluster": "backend" }]')
    .flatMap((route) => parseRoute(route, table) ?? []);
  for (const domain of domains) {
    table.domains.add(domain.value, domain.path);
  }
  if (name === undefined || reader.isLeftOut) {
    return undefined;
  }
  checkNameLength(reader, name);
  return { name, domains: domains.map((domain) => domain.value), routes };
}

function parseRoute(reader: JsonReader, table: TableScope): RouteConfig | undefined {
  const match = parseRouteMatch(reader);
  const action = parseRouteAction(reader, table);
  return match === undefined || action === undefined || reader.isLeftOut
    ? undefined
    : { match, action };
}

function parseRouteMatch(reader: JsonReader): RouteMatchConfig | undefined {
  const caseSensitive = reader.optionalBoolean('case_sensitive') ?? true;
  const prefix = reader.optionalString('prefix');
  const path = reader.optionalString('path');
  const given = matchKeys.filter((key) => reader.has(key));
  if (given.length === 0) {
    reader.problem('a route needs "prefix", "path" or "regex"; "prefix": "/" matches every path');
  } else if (given.length > 1) {
    reader.problem(`${listQuoted(given, 'and')} exclude each other; keep one of them`);
  }
  if (prefix !== undefined) {
    // `OPTIONS *` has the one path that does not begin with a slash.
    warnOfDeadPath(reader, 'prefix', prefix, prefix === '' || prefix === '*');
    return { kind: 'prefix', prefix, caseSensitive };
  }
  if (path !== undefined) {
    warnOfDeadPath(reader, 'path', path, path === '*');
    return { kind: 'path', path, caseSensitive };
  }
  return undefined;
}

function warnOfDeadPath(reader: JsonReader, key: string, path: string, isSpecial: boolean): void {
  if (!path.startsWith('/') && !isSpecial) {
    reader.warning(
      `this route never matches, as paths begin with a slash; did you mean ${quoteText(`/${path}`)}?`,
      key,
    );
  } else if (key === 'path' && /[?#]/.test(path)) {
    reader.warning('this route never matches, as the path is compared without its query', key);
  }
}

function parseRouteAction(reader: JsonReader, table: TableScope): RouteActionConfig | undefined {
  checkActionKeys(reader);
  const cluster = reader.optionalString('cluster');
  const timeoutMs = reader.optionalInteger('timeout_ms', { min: 0 }) ?? defaultTimeoutMs;
  const priority = reader.optionalOneOf('priority', ['default', 'high']) ?? 'default';
  if (cluster === undefined) {
    return undefined;
  }
  table.document.clusters.refer(cluster, reader.pathOf('cluster'), table.validateClusters);
  return { kind: 'cluster', cluster, timeoutMs, priority };
}

/** Which keys need or exclude each other: reference 2.6.4. */
function checkActionKeys(reader: JsonReader): void {
  const targets = targetKeys.filter((key) => reader.has(key));
  const redirects = redirectKeys.filter((key) => reader.has(key));
  if (targets.length === 0 && redirects.length === 0) {
    reader.problem('a route needs a target; add "cluster" with the name of a cluster');
  }
  if (targets.length > 1) {
    reader.problem(`${listQuoted(targets, 'and')} exclude each other; keep one of them`);
  }
  if (targets.length > 0 && redirects.length > 0) {
    reader.problem(
      `a route has a target or redirects, found ${listQuoted([...targets, ...redirects], 'and')}; ` +
        'keep one kind',
    );
  }
  if (redirects.length > 0 && reader.has('use_websocket')) {
    reader.problem('a route that redirects takes no "use_websocket"; remove it', 'use_websocket');
  }
  if (reader.has('host_rewrite') && reader.has('auto_host_rewrite')) {
    reader.problem('"host_rewrite" and "auto_host_rewrite" exclude each other; keep one of them');
  }
}
