import type { Runtime } from '../../lib/base/runtime.js';
import { createDefaultRoute } from '../../lib/config/default-route.js';
import type { ForwardActionConfig } from '../../lib/config/route-action-config.js';
import type { RouteConfig } from '../../lib/config/route-config.js';
import type { RouteMatchConfig } from '../../lib/config/route-match-config.js';
import type { RouteTableConfig, VirtualHostConfig } from '../../lib/config/route-table-config.js';
import type { RoutedRequest } from '../../lib/http/filter.js';
import type { RequestHead } from '../../lib/http/message.js';

/** A request to be routed; the parts of its head can be replaced. */
export function routedRequest(parts: Partial<RequestHead> = {}, stableRandom = 0): RoutedRequest {
  const requestHead = { method: 'GET', path: '/', authority: 'foo.com', headers: [], ...parts };
  return { requestHead, stableRandom };
}

/** A runtime with these values and no others. */
export function createRuntime(values: Readonly<Record<string, number>>): Runtime {
  return { integer: (key, fallback) => values[key] ?? fallback };
}

/** A route that sends every path to a cluster; what it matches can be replaced. */
export function clusterRoute(cluster: string, match: Partial<RouteMatchConfig> = {}): RouteConfig {
  const route = createDefaultRoute(cluster);
  return { ...route, match: { ...route.match, ...match } };
}

/** The action of a route that sends requests on; the parts can be replaced. */
export function forwardAction(parts: Partial<ForwardActionConfig> = {}): ForwardActionConfig {
  // A default route has a cluster.
  return { ...(createDefaultRoute('app').action as ForwardActionConfig), ...parts };
}

/** A virtual host; the parts can be replaced. */
export function virtualHostConfig(parts: Partial<VirtualHostConfig> = {}): VirtualHostConfig {
  return {
    name: 'v',
    domains: ['*'],
    routes: [clusterRoute('app')],
    requireSsl: undefined,
    virtualClusters: [],
    rateLimits: [],
    requestHeadersToAdd: [],
    cors: undefined,
    ...parts,
  };
}

/** A route table; the parts can be replaced. */
export function routeTableConfig(parts: Partial<RouteTableConfig> = {}): RouteTableConfig {
  return {
    virtualHosts: [virtualHostConfig()],
    validateClusters: true,
    internalOnlyHeaders: [],
    requestHeadersToAdd: [],
    responseHeadersToAdd: [],
    responseHeadersToRemove: [],
    ...parts,
  };
}

/** A text as it comes in a header or a path: one character for each byte of its UTF-8. */
export function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
