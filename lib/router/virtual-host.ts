import type { Runtime } from '../base/runtime.js';
import type { HeaderToAddConfig } from '../config/header-format.js';
import type { VirtualHostConfig } from '../config/route-table-config.js';
import type { RoutedRequest } from '../http/filter.js';
import { getHeader, hasHeader } from '../http/headers.js';
import { HeaderAdditions } from './header-additions.js';
import { type Redirect, sslRedirect } from './redirect.js';
import { Route } from './route.js';

/** The routes of some domains. */
export class VirtualHost {
  readonly config: VirtualHostConfig;
  readonly routes: readonly Route[];

  /** `tableAdditions` are the headers that the table adds to requests. */
  constructor(
    config: VirtualHostConfig,
    tableAdditions: readonly HeaderToAddConfig[],
    runtime: Runtime,
  ) {
    this.config = config;
    this.routes = config.routes.map((route) => {
      const additions = new HeaderAdditions(
        route.requestHeadersToAdd,
        config.requestHeadersToAdd,
        tableAdditions,
      );
      return new Route(route, additions, runtime);
    });
  }

  /** The redirect to https that takes the place of every route: reference 2.4.1. */
  sslRedirectFor({ requestHead }: RoutedRequest): Redirect | undefined {
    const { requireSsl } = this.config;
    if (requireSsl === undefined) {
      return undefined;
    }
    const { headers } = requestHead;
    const isSecure = getHeader(headers, 'x-forwarded-proto') === 'https';
    const isExempt = requireSsl === 'external_only' && hasHeader(headers, 'x-envoy-internal');
    return isSecure || isExempt ? undefined : sslRedirect;
  }
}
