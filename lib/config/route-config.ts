import { type HeaderToAddConfig, parseHeadersToAdd } from './header-format.js';
import type { JsonReader } from './json-reader.js';
import { parseRouteAction, type RouteActionConfig } from './route-action-config.js';
import { parseRouteMatch, type RouteMatchConfig } from './route-match-config.js';
import type { TableScope } from './table-scope.js';

export type { RoutingPriority } from './route-action-config.js';

/** One route: reference 2.6. Tried in order, the first match wins. */
export interface RouteConfig {
  /** Where it stands among the routes of its virtual host in the document, from 0 on. */
  readonly index: number;
  readonly match: RouteMatchConfig;
  readonly action: RouteActionConfig;
  readonly requestHeadersToAdd: readonly HeaderToAddConfig[];
}

/** Parses a route; `undefined` if it is broken or left out. */
export function parseRoute(reader: JsonReader, table: TableScope): RouteConfig | undefined {
  const match = parseRouteMatch(reader);
  const action = parseRouteAction(reader, table);
  const requestHeadersToAdd = parseHeadersToAdd(reader, 'request_headers_to_add');
  return match === undefined || action === undefined || reader.isLeftOut
    ? undefined
    : { index: Number(reader.place?.segment ?? 0), match, action, requestHeadersToAdd };
}
