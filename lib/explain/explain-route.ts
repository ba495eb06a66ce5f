import { fromByteString } from '../base/byte-string.js';
import type { Runtime } from '../base/runtime.js';
import type { HeaderToAddConfig } from '../config/header-format.js';
import type { ForwardActionConfig } from '../config/route-action-config.js';
import { getHeader, hasHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import { HeaderAdditions, type HeaderVariables } from '../router/header-additions.js';
import type { Route } from '../router/route.js';
import type { RouteTable } from '../router/route-table.js';
import { takeControlHeaders } from '../router/timeouts.js';
import type { VirtualHost } from '../router/virtual-host.js';
import { explainVirtualHost } from './explain-virtual-host.js';
import type { ExplainedRequest } from './explained-request.js';
import type {
  ExplainedHeader,
  ExplainedRoute,
  Explanation,
  ForwardExplanation,
  LocalReplyExplanation,
  RedirectExplanation,
} from './explanation.js';

/** Everything of an explanation that the route table decides. */
export type RouteExplanation = Omit<Explanation, 'request' | 'listener'>;

/** Domains beyond this number are counted. */
const maxDomainsShown = 10;

/** What variables of headers are shown as: no connection tells their values. */
const variables: HeaderVariables = {
  clientAddress: '127.0.0.1',
  localAddress: '127.0.0.1:80',
  protocol: 'HTTP/1.1',
};

/** What counts beside the table and the request. */
interface Surroundings {
  readonly hasCluster: (name: string) => boolean;
  readonly runtime: Runtime;
}

/** Explains what a route table makes of a request. `hasCluster`: whether a cluster exists. */
export function explainRoute(
  table: RouteTable,
  request: ExplainedRequest,
  hasCluster: (name: string) => boolean,
  runtime: Runtime,
): RouteExplanation {
  const { config } = table;
  const virtualHost = table.virtualHostOf(request.requestHead.authority);
  const routes: ExplainedRoute[] = [];
  const outcome =
    virtualHost === undefined
      ? describeNoVirtualHost(table, request.requestHead)
      : explainRoutes(virtualHost, request, { hasCluster, runtime }, routes);
  return {
    virtualHost: virtualHost && explainVirtualHost(virtualHost, request.requestHead),
    routes,
    outcome,
    responseHeadersAdded: listHeaders(config.responseHeadersToAdd),
    responseHeadersRemoved: config.responseHeadersToRemove,
  };
}

function describeNoVirtualHost(
  { config }: RouteTable,
  { authority }: RequestHead,
): LocalReplyExplanation {
  const domains = config.virtualHosts.flatMap((virtualHost) => virtualHost.domains);
  const withoutPort = authority.replace(/:\d+$/, '');
  const hint =
    withoutPort !== authority && domains.includes(withoutPort)
      ? `; the domain "${withoutPort}" is another one, as the port is a part of it`
      : '';
  const rest = domains.length - maxDomainsShown;
  const shown = domains.slice(0, maxDomainsShown).join(', ');
  const known =
    domains.length === 0
      ? 'there are none'
      : `there are ${rest > 0 ? `${shown} and ${rest} more` : shown}`;
  return {
    kind: 'local_reply',
    status: 404,
    reason: `no virtual host has the domain "${authority}"${hint}; ${known}`,
  };
}

/** Looks at the routes one by one, as routing does, and notes what each of them asks for. */
function explainRoutes(
  virtualHost: VirtualHost,
  request: ExplainedRequest,
  surroundings: Surroundings,
  routes: ExplainedRoute[],
): Explanation['outcome'] {
  const sslRedirect = virtualHost.sslRedirectFor(request);
  if (sslRedirect !== undefined) {
    const location = sslRedirect(request.requestHead);
    return { kind: 'redirect', status: 301, location, isForSsl: true };
  }
  for (const route of virtualHost.routes) {
    const failed = route.conditions.filter((condition) => !condition.matches(request));
    routes.push({
      index: route.config.index,
      conditions: route.conditions.map((condition) => condition.describe()),
      reasons: failed.map(
        (condition) => `${condition.describe()}, but ${condition.describeFound(request)}`,
      ),
    });
    if (failed.length === 0) {
      return explainAction(route, virtualHost, request, surroundings);
    }
  }
  const reason = `no route of the virtual host "${virtualHost.config.name}" matches`;
  return { kind: 'local_reply', status: 404, reason };
}

function explainAction(
  route: Route,
  virtualHost: VirtualHost,
  request: ExplainedRequest,
  { hasCluster, runtime }: Surroundings,
): ForwardExplanation | RedirectExplanation | LocalReplyExplanation {
  const { action } = route.config;
  if (route.redirect !== undefined || action.kind === 'redirect') {
    const location = route.redirect?.(request.requestHead) ?? '';
    return { kind: 'redirect', status: 301, location, isForSsl: false };
  }
  if (asksForWebSocket(request.requestHead) && !action.useWebsocket) {
    return { kind: 'local_reply', status: 403, reason: 'the route does not have "use_websocket"' };
  }
  const cluster = route.clusterFor(request) ?? '';
  if (!hasCluster(cluster)) {
    const reason =
      action.target.kind === 'cluster_header' && cluster === ''
        ? `the header ${action.target.header}, which names the cluster, is missing`
        : `the cluster "${fromByteString(cluster)}" does not exist`;
    return { kind: 'local_reply', status: 404, reason };
  }
  return explainForward(route, action, cluster, virtualHost, request, runtime);
}

function explainForward(
  route: Route,
  action: ForwardActionConfig,
  cluster: string,
  virtualHost: VirtualHost,
  request: ExplainedRequest,
  runtime: Runtime,
): ForwardExplanation {
  const before = request.requestHead;
  const after: RequestHead = { ...before, headers: [...before.headers] };
  const isInternal = hasHeader(before.headers, 'x-envoy-internal');
  const timeoutMs = isInternal
    ? takeControlHeaders(route, after.headers).timeoutMs
    : route.timeoutMs;
  const kept = after.headers.length;
  const removed = namesOf(before.headers).filter((name) => !after.headers.includes(name));
  route.rewriter?.apply(after, variables);
  const { rateLimits, includeVhRateLimits } = action;
  const inheritsLimits = rateLimits.length === 0 || includeVhRateLimits;
  return {
    kind: 'forward',
    cluster,
    chosenBy: describeChoice(action, request, runtime),
    method: after.method,
    host: fromByteString(after.authority),
    path: fromByteString(after.path),
    timeoutMs,
    priority: route.priority,
    retryPolicy: action.retryPolicy,
    shadow: action.shadow,
    autoHostRewrite: action.autoHostRewrite,
    useWebsocket: action.useWebsocket,
    hashHeader: action.hashHeader,
    decoratorOperation: action.decoratorOperation,
    opaqueConfig: Object.fromEntries(action.opaqueConfig.map(({ key, value }) => [key, value])),
    rateLimits: inheritsLimits ? [...rateLimits, ...virtualHost.config.rateLimits] : rateLimits,
    inheritsRateLimits: inheritsLimits,
    cors: route.cors,
    requestHeadersAdded: toHeaders(after.headers.slice(kept)),
    requestHeadersRemoved: [...new Set(removed)],
  };
}

function namesOf(headers: readonly string[]): string[] {
  return headers.filter((_, index) => index % 2 === 0);
}

/** As the connection manager finds it: reference 2.7. */
function asksForWebSocket({ headers }: RequestHead): boolean {
  const upgrade = getHeader(headers, 'upgrade')?.toLowerCase();
  const options = getHeader(headers, 'connection')?.toLowerCase() ?? '';
  return upgrade === 'websocket' && options.split(',').some((word) => word.trim() === 'upgrade');
}

function describeChoice(
  { target }: ForwardActionConfig,
  request: ExplainedRequest,
  runtime: Runtime,
): string | undefined {
  switch (target.kind) {
    case 'cluster':
      return undefined;
    case 'cluster_header':
      return `header ${target.header}`;
    case 'weighted_clusters': {
      const prefix = target.runtimeKeyPrefix;
      const weights = target.clusters
        .map(({ name, weight }) => {
          const key = `${prefix}.${name}`;
          return `${name} ${prefix === undefined ? weight : runtime.integer(key, weight)} %`;
        })
        .join(', ');
      return `weights (${weights}; the number of this request is ${request.stableRandom % 100})`;
    }
  }
}

function listHeaders(configs: readonly HeaderToAddConfig[]): ExplainedHeader[] {
  const headers: string[] = [];
  new HeaderAdditions(configs).addTo(headers, variables);
  return toHeaders(headers);
}

function toHeaders(list: readonly string[]): ExplainedHeader[] {
  const headers: ExplainedHeader[] = [];
  for (let i = 0; i < list.length; i += 2) {
    // Names and values come in turn.
    headers.push({ name: list[i] as string, value: fromByteString(list[i + 1] as string) });
  }
  return headers;
}
