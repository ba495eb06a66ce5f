import type { HeaderToAddConfig } from '../config/header-format.js';
import type { ForwardActionConfig } from '../config/route-action-config.js';
import type { RequestHead } from '../http/message.js';
import { HeaderAdditions, type HeaderVariables } from '../router/header-additions.js';
import type { Route } from '../router/route.js';
import type { RouteTable } from '../router/route-table.js';
import type { VirtualHost } from '../router/virtual-host.js';
import { explainVirtualHost } from './explain-virtual-host.js';
import type { ExplainedRequest } from './explained-request.js';
import type {
  ExplainedHeader,
  ExplainedRoute,
  Explanation,
  ForwardExplanation,
  NotFoundExplanation,
  RedirectExplanation,
} from './explanation.js';

/** Everything of an explanation that the route table decides. */
export type RouteExplanation = Omit<Explanation, 'request' | 'listener'>;

/** What variables of headers are shown as: no connection tells their values. */
const variables: HeaderVariables = {
  clientAddress: '127.0.0.1',
  localAddress: '127.0.0.1:80',
  protocol: 'HTTP/1.1',
};

/** Explains what a route table makes of a request. `hasCluster`: whether a cluster exists. */
export function explainRoute(
  table: RouteTable,
  request: ExplainedRequest,
  hasCluster: (name: string) => boolean,
): RouteExplanation {
  const { config } = table;
  const virtualHost = table.virtualHostOf(request.requestHead.authority);
  const routes: ExplainedRoute[] = [];
  const outcome =
    virtualHost === undefined
      ? describeNoVirtualHost(table, request.requestHead)
      : explainRoutes(virtualHost, request, hasCluster, routes);
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
): NotFoundExplanation {
  const domains = config.virtualHosts.flatMap((virtualHost) => virtualHost.domains);
  const withoutPort = authority.replace(/:\d+$/, '');
  const hint =
    withoutPort !== authority && domains.includes(withoutPort)
      ? `; the domain "${withoutPort}" is another one, as the port is a part of it`
      : '';
  const known = domains.length === 0 ? 'there are none' : `there are ${domains.join(', ')}`;
  return {
    kind: 'not_found',
    status: 404,
    reason: `no virtual host has the domain "${authority}"${hint}; ${known}`,
  };
}

/** Looks at the routes one by one, as routing does, and notes what each of them asks for. */
function explainRoutes(
  virtualHost: VirtualHost,
  request: ExplainedRequest,
  hasCluster: (name: string) => boolean,
  routes: ExplainedRoute[],
): Explanation['outcome'] {
  const sslRedirect = virtualHost.sslRedirectFor(request);
  if (sslRedirect !== undefined) {
    const location = sslRedirect(request.requestHead);
    return { kind: 'redirect', status: 301, location, isForSsl: true };
  }
  for (const [index, route] of virtualHost.routes.entries()) {
    const failed = route.conditions.filter((condition) => !condition.matches(request));
    routes.push({
      index,
      conditions: route.conditions.map((condition) => condition.describe()),
      reasons: failed.map(
        (condition) => `${condition.describe()}, but ${condition.describeFound(request)}`,
      ),
    });
    if (failed.length === 0) {
      return explainAction(route, virtualHost, request, hasCluster);
    }
  }
  const reason = `no route of the virtual host "${virtualHost.config.name}" matches`;
  return { kind: 'not_found', status: 404, reason };
}

function explainAction(
  route: Route,
  virtualHost: VirtualHost,
  request: ExplainedRequest,
  hasCluster: (name: string) => boolean,
): ForwardExplanation | RedirectExplanation | NotFoundExplanation {
  const { action } = route.config;
  if (route.redirect !== undefined || action.kind === 'redirect') {
    const location = route.redirect?.(request.requestHead) ?? '';
    return { kind: 'redirect', status: 301, location, isForSsl: false };
  }
  const cluster = route.clusterFor(request) ?? '';
  if (!hasCluster(cluster)) {
    const reason =
      action.target.kind === 'cluster_header' && cluster === ''
        ? `the header ${action.target.header}, which names the cluster, is missing`
        : `the cluster "${cluster}" does not exist`;
    return { kind: 'not_found', status: 404, reason };
  }
  return explainForward(route, action, cluster, virtualHost, request);
}

function explainForward(
  route: Route,
  action: ForwardActionConfig,
  cluster: string,
  virtualHost: VirtualHost,
  request: ExplainedRequest,
): ForwardExplanation {
  const before = request.requestHead;
  const after: RequestHead = { ...before, headers: [...before.headers] };
  route.rewriter?.apply(after, variables);
  const { rateLimits, includeVhRateLimits } = action;
  const inheritsLimits = rateLimits.length === 0 || includeVhRateLimits;
  return {
    kind: 'forward',
    cluster,
    chosenBy: describeChoice(action, request),
    method: after.method,
    host: after.authority,
    path: after.path,
    timeoutMs: route.timeoutMs,
    priority: route.priority,
    retryPolicy: action.retryPolicy,
    shadow: action.shadow,
    autoHostRewrite: action.autoHostRewrite,
    useWebsocket: action.useWebsocket,
    hashHeader: action.hashHeader,
    decoratorOperation: action.decoratorOperation,
    opaqueConfig: Object.fromEntries(action.opaqueConfig.map(({ key, value }) => [key, value])),
    rateLimits: inheritsLimits ? [...rateLimits, ...virtualHost.config.rateLimits] : rateLimits,
    includeVhRateLimits: inheritsLimits,
    cors: mergeCors(action, virtualHost),
    requestHeadersAdded: toHeaders(after.headers.slice(before.headers.length)),
  };
}

function describeChoice(
  { target }: ForwardActionConfig,
  request: ExplainedRequest,
): string | undefined {
  switch (target.kind) {
    case 'cluster':
      return undefined;
    case 'cluster_header':
      return `header ${target.header}`;
    case 'weighted_clusters': {
      const weights = target.clusters.map(({ name, weight }) => `${name} ${weight} %`).join(', ');
      return `weights (${weights}; the number of this request is ${request.stableRandom % 100})`;
    }
  }
}

/** Each value of the route's policy, or else of the virtual host's: reference 6.1.3. */
function mergeCors(
  action: ForwardActionConfig,
  { config }: VirtualHost,
): ForwardExplanation['cors'] {
  const route = action.cors;
  const host = config.cors;
  if (route === undefined || host === undefined) {
    return withEnabled(route ?? host);
  }
  return withEnabled({
    enabled: route.enabled,
    allowOrigin: route.allowOrigin.length > 0 ? route.allowOrigin : host.allowOrigin,
    allowMethods: route.allowMethods || host.allowMethods,
    allowHeaders: route.allowHeaders || host.allowHeaders,
    exposeHeaders: route.exposeHeaders || host.exposeHeaders,
    maxAge: route.maxAge || host.maxAge,
    allowCredentials: route.allowCredentials ?? host.allowCredentials,
  });
}

function withEnabled(cors: ForwardExplanation['cors']): ForwardExplanation['cors'] {
  return cors && { ...cors, enabled: cors.enabled ?? true };
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
    headers.push({ name: list[i] as string, value: list[i + 1] as string });
  }
  return headers;
}
