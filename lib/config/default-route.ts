import type { RouteConfig } from './route-config.js';
import { defaultTimeoutMs } from './route-defaults.js';

/**
 * A route that takes every path to a cluster, with every default of the schema: reference 2.6, but
 * for `useWebsocket`.
 */
export function createDefaultRoute(cluster: string, useWebsocket: boolean = false): RouteConfig {
  return {
    index: 0,
    match: {
      path: { kind: 'prefix', prefix: '/', caseSensitive: true },
      headers: [],
      queryParameters: [],
      runtime: undefined,
    },
    action: {
      kind: 'forward',
      target: { kind: 'cluster', cluster },
      prefixRewrite: undefined,
      hostRewrite: undefined,
      autoHostRewrite: false,
      useWebsocket,
      timeoutMs: defaultTimeoutMs,
      retryPolicy: undefined,
      shadow: undefined,
      priority: 'default',
      rateLimits: [],
      includeVhRateLimits: false,
      hashHeader: undefined,
      opaqueConfig: [],
      decoratorOperation: undefined,
      cors: undefined,
    },
    requestHeadersToAdd: [],
  };
}
