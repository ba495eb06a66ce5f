import type { AdminContext, AdminRouteTable } from './admin-context.js';
import { type AdminEndpoint, jsonReply } from './admin-endpoint.js';

/**
 * `/routes`: the route tables that discovery services have told, as they told them: reference 9. With
 * `route_config_name` only those of that name.
 */
export const routesEndpoint: AdminEndpoint = {
  path: '/routes',
  help: 'print the route tables that were loaded by rds',
  isMutation: false,
  reply: (context, query) => jsonReply(describeTables(context, query.get('route_config_name'))),
};

function* describeTables(
  context: AdminContext,
  name: string | null,
): Generator<string, void, undefined> {
  yield '[';
  let separator = '\n';
  for (const table of context.routeTables()) {
    if (name === null || name === table.routeConfigName) {
      yield separator + describeTable(table);
      separator = ',\n';
    }
  }
  yield '\n]\n';
}

function describeTable({ routeConfigName, clusterName, version, answer }: AdminRouteTable): string {
  const head = {
    version_info: version.toString(16),
    route_config_name: routeConfigName,
    cluster_name: clusterName,
  };
  // The answer is JSON already, so it only has to be put in front of the last brace.
  return `${JSON.stringify(head).slice(0, -1)},"route_table_dump":${answer}}`;
}
