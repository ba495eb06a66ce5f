import assert from 'node:assert/strict';
import type { ConnectionManagerConfig } from '../../lib/config/connection-manager-config.js';
import { parseConfig } from '../../lib/config/parse-config.js';
import type { ForwardActionConfig } from '../../lib/config/route-action-config.js';
import type { RouteConfig } from '../../lib/config/route-config.js';
import {
  type JsonObject,
  managerDocument,
  problemsOf,
  routePath,
  routesDocument,
  warningsOf,
} from './config-documents.js';

/** The path of the connection manager of `managerDocument`. */
export const managerPath = 'listeners[0].filters[0].config';
/** The path of its route table. */
export const tablePath: string = `${managerPath}.route_config`;

const notSupported = 'known but not supported yet';

/** What is wrong with one route, what is not supported yet aside, as `.key: message`. */
export function routeProblems(route: JsonObject): string[] {
  return cut(problemsOf(routesDocument(route), 'warn'), routePath);
}

/** What one route is warned of, what is not supported yet aside. */
export function routeWarnings(route: JsonObject): string[] {
  return cut(warningsOf(routesDocument(route)), routePath);
}

/** What is wrong with the parts of a connection manager, what is not supported yet aside. */
export function managerProblems(parts: JsonObject): string[] {
  return cut(problemsOf(managerDocument(parts), 'warn'), managerPath);
}

/** What the parts of a connection manager are warned of, what is not supported yet aside. */
export function managerWarnings(parts: JsonObject): string[] {
  return cut(warningsOf(managerDocument(parts)), managerPath);
}

/** A route of a document, parsed. */
export function parseRoute(route: JsonObject): RouteConfig {
  const routes = parseFirstManager(routesDocument(route)).routeConfig.virtualHosts[0]?.routes;
  assert.equal(routes?.length, 1);
  // There is one, as was just seen.
  return routes[0] as RouteConfig;
}

/** The action of a route that leads to a cluster, parsed. */
export function parseForward(route: JsonObject): ForwardActionConfig {
  const { action } = parseRoute({ prefix: '/', cluster: 'a', ...route });
  assert.ok(action.kind === 'forward');
  return action;
}

/** A connection manager with the given parts, parsed. */
export function parseManager(parts: JsonObject): ConnectionManagerConfig {
  return parseFirstManager(managerDocument(parts));
}

function parseFirstManager(document: JsonObject): ConnectionManagerConfig {
  const { config } = parseConfig(document, { source: 'test', unsupported: 'warn' });
  const manager = config.listeners[0]?.connectionManager;
  assert.ok(manager);
  return manager;
}

function cut(lines: readonly string[], path: string): string[] {
  return lines
    .filter((line) => !line.includes(notSupported))
    .map((line) => line.replaceAll(path, ''));
}
