import type { CorsConfig } from '../config/cors-config.js';

/**
 * Returns the policy that the filter cors acts by: each value of the route's policy, or else of the
 * virtual host's. `undefined` if there is none. Only a route says whether it is on: reference 6.1.3.
 */
export function mergeCorsPolicies(
  route: CorsConfig | undefined,
  host: CorsConfig | undefined,
): CorsConfig | undefined {
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

function withEnabled(policy: CorsConfig | undefined): CorsConfig | undefined {
  return policy && { ...policy, enabled: policy.enabled ?? true };
}
