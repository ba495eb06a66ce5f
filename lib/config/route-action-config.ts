import { type CorsConfig, parseCors } from './cors-config.js';
import { describeValue, listQuoted, quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';
import { parseRateLimits, type RateLimitConfig } from './rate-limit-config.js';
import { parseRetryPolicy, type RetryPolicyConfig } from './retry-policy-config.js';
import { defaultTimeoutMs } from './route-defaults.js';
import { routingPriorities } from './schema/route-schema.js';
import { readHeaderName, readHeaderValue } from './shared-keys.js';
import type { TableScope } from './table-scope.js';
import { parseWeightedClusters, type WeightedClusterConfig } from './weighted-clusters-config.js';

/** Selects the circuit breakers and the connection pools of a cluster. */
export type RoutingPriority = (typeof routingPriorities)[number];

/** Where a request goes: reference 2.6.4. */
export type RouteActionConfig = ForwardActionConfig | RedirectActionConfig;

/** Answers with a redirect (301). At least one of the two is there. */
export interface RedirectActionConfig {
  readonly kind: 'redirect';
  readonly host: string | undefined;
  readonly path: string | undefined;
}

/** How the cluster of a request is found. */
export type RouteTargetConfig =
  | { readonly kind: 'cluster'; readonly cluster: string }
  /** The header, in lower case, that holds the name. */
  | { readonly kind: 'cluster_header'; readonly header: string }
  | {
      readonly kind: 'weighted_clusters';
      readonly clusters: readonly WeightedClusterConfig[];
      readonly runtimeKeyPrefix: string | undefined;
    };

/** Sends copies of requests: reference 2.6.6. */
export interface ShadowConfig {
  readonly cluster: string;
  readonly runtimeKey: string | undefined;
}

/** Sends the request to a cluster. */
export interface ForwardActionConfig {
  readonly kind: 'forward';
  readonly target: RouteTargetConfig;
  readonly prefixRewrite: string | undefined;
  readonly hostRewrite: string | undefined;
  readonly autoHostRewrite: boolean;
  readonly useWebsocket: boolean;
  /** Time for the whole response, retries included. Default 15000; 0 means no time-out. */
  readonly timeoutMs: number;
  readonly retryPolicy: RetryPolicyConfig | undefined;
  readonly shadow: ShadowConfig | undefined;
  readonly priority: RoutingPriority;
  readonly rateLimits: readonly RateLimitConfig[];
  readonly includeVhRateLimits: boolean;
  /** The header, in lower case, that `ring_hash` chooses the host by. */
  readonly hashHeader: string | undefined;
  readonly opaqueConfig: readonly { readonly key: string; readonly value: string }[];
  /** Name of the span. */
  readonly decoratorOperation: string | undefined;
  readonly cors: CorsConfig | undefined;
}

const targetKeys = ['cluster', 'cluster_header', 'weighted_clusters'];
const redirectKeys = ['host_redirect', 'path_redirect'];

const notFound = 'requests that take this route get status 404';

/** Parses where a route leads; `undefined` if that is broken. */
export function parseRouteAction(
  reader: JsonReader,
  table: TableScope,
): RouteActionConfig | undefined {
  checkActionKeys(reader);
  const host = readHeaderValue(reader, 'host_redirect');
  const path = readHeaderValue(reader, 'path_redirect');
  warnOfOddRedirect(reader, host, path);
  const target = parseTarget(reader, table);
  const forward = parseForward(reader, table);
  if (target !== undefined) {
    return { kind: 'forward', target, ...forward };
  }
  return host === undefined && path === undefined ? undefined : { kind: 'redirect', host, path };
}

/** The host stands between the scheme and the path of the `location`, as it is. */
function warnOfOddRedirect(
  reader: JsonReader,
  host: string | undefined,
  path: string | undefined,
): void {
  const plain = host?.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '');
  if (host !== undefined && plain !== undefined && plain !== host) {
    reader.warning(
      `only a host stands here, without scheme and path; write ${quoteText(plain)}`,
      'host_redirect',
    );
  }
  if (path !== undefined && path !== '' && !path.startsWith('/')) {
    reader.warning(`paths begin with a slash; write ${quoteText(`/${path}`)}`, 'path_redirect');
  }
}

function parseTarget(reader: JsonReader, table: TableScope): RouteTargetConfig | undefined {
  const cluster = readCluster(reader, 'cluster', table);
  const header = readHeaderName(reader, 'cluster_header', true);
  const weighted = reader.object('weighted_clusters');
  const clusters =
    weighted && parseWeightedClusters(weighted, (entry) => readCluster(entry, 'name', table));
  if (cluster !== undefined) {
    return { kind: 'cluster', cluster };
  }
  if (header !== undefined) {
    return { kind: 'cluster_header', header };
  }
  return clusters === undefined
    ? undefined
    : {
        kind: 'weighted_clusters',
        clusters,
        runtimeKeyPrefix: weighted?.string('runtime_key_prefix'),
      };
}

function readCluster(
  reader: JsonReader,
  key: string,
  table: TableScope,
  consequence: string = notFound,
): string | undefined {
  const name = reader.string(key);
  if (name !== undefined) {
    table.document.clusters.refer({
      name,
      place: reader.placeOf(key),
      mustExist: table.validateClusters,
      // Envoy looks for them when it reads the table, before any has been discovered.
      isStatic: true,
      consequence,
    });
  }
  return name;
}

function parseForward(
  reader: JsonReader,
  table: TableScope,
): Omit<ForwardActionConfig, 'kind' | 'target'> {
  const retryPolicyReader = reader.object('retry_policy');
  const timeoutMs = reader.number('timeout_ms') ?? defaultTimeoutMs;
  const hashPolicy = reader.object('hash_policy');
  const decorator = reader.object('decorator');
  return {
    prefixRewrite: readPathText(reader, 'prefix_rewrite'),
    hostRewrite: readHeaderValue(reader, 'host_rewrite'),
    autoHostRewrite: reader.boolean('auto_host_rewrite') ?? false,
    useWebsocket: reader.boolean('use_websocket') ?? false,
    timeoutMs,
    retryPolicy: retryPolicyReader && parseRetryPolicy(retryPolicyReader, timeoutMs),
    shadow: parseShadow(reader.object('shadow'), table),
    priority: reader.oneOf('priority', routingPriorities) ?? 'default',
    rateLimits: parseRateLimits(reader),
    includeVhRateLimits: reader.boolean('include_vh_rate_limits') ?? false,
    hashHeader: hashPolicy && readHeaderName(hashPolicy, 'header_name', true),
    opaqueConfig: readOpaqueConfig(reader),
    decoratorOperation: decorator && readHeaderValue(decorator, 'operation'),
    cors: parseCors(reader.object('cors'), true),
  };
}

/** Reads what becomes a part of the path of a request. */
function readPathText(reader: JsonReader, key: string): string | undefined {
  const text = reader.string(key);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (text !== undefined && /[\x00-\x20\x7f]/.test(text)) {
    reader.problem(
      `${quoteText(text)} cannot stand in the path of a request; remove blanks and control characters`,
      key,
    );
  } else if (text !== undefined && text !== '' && !text.startsWith('/')) {
    reader.warning(
      'paths begin with a slash, and what is written here is what they begin with',
      key,
    );
  }
  return text;
}

function parseShadow(reader: JsonReader | undefined, table: TableScope): ShadowConfig | undefined {
  const cluster = reader && readCluster(reader, 'cluster', table, 'no copies are sent');
  const runtimeKey = reader?.string('runtime_key');
  return cluster === undefined ? undefined : { cluster, runtimeKey };
}

function readOpaqueConfig(reader: JsonReader): { readonly key: string; readonly value: string }[] {
  return Object.entries(reader.map('opaque_config') ?? {}).flatMap(([key, value]) => {
    if (typeof value !== 'string') {
      reader.collector.problem(
        { parent: reader.placeOf('opaque_config'), segment: key },
        `expected a string, found ${describeValue(value)}`,
      );
      return [];
    }
    return [{ key, value }];
  });
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
  const isForwarding = redirects.length === 0 || targets.length > 0;
  if (isForwarding && reader.has('host_rewrite') && reader.has('auto_host_rewrite')) {
    reader.problem('"host_rewrite" and "auto_host_rewrite" exclude each other; keep one of them');
  }
}
