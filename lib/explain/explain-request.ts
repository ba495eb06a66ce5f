import { fromByteString } from '../base/byte-string.js';
import type { Runtime } from '../base/runtime.js';
import { formatAddress } from '../config/address.js';
import type { Config } from '../config/config.js';
import { describeValue } from '../config/describe-value.js';
import type { ListenerConfig } from '../config/listener-config.js';
import { entriesOf, listNames, optionInvalid } from '../config/option-check.js';
import type { RouteTableConfig } from '../config/route-table-config.js';
import { RouteTable } from '../router/route-table.js';
import { explainRoute } from './explain-route.js';
import {
  type ExplainedRequest,
  type ExplainOptions,
  readExplainedRequest,
} from './explained-request.js';
import type { Explanation } from './explanation.js';

/**
 * Says what would become of a request: which listener, virtual host, route and cluster it takes,
 * what is changed on it, and why the routes before did not match. Nothing is sent.
 *
 * `tableOf` returns the route table of a listener that is in force. Throws `SIDECAR_OPTION_INVALID`
 * for a request that is none, or if there is no listener.
 */
export function explainRequest(
  config: Config,
  options: ExplainOptions,
  tableOf: (listener: ListenerConfig) => RouteTableConfig = configuredTable,
): Explanation {
  const request = readExplainedRequest(options);
  const runtime = readRuntime(options.runtime);
  const tables = config.listeners.map((listener) => ({
    listener,
    table: new RouteTable(tableOf(listener), runtime),
  }));
  const chosen = chooseListener(tables, request, options.listener);
  const clusters = new Set(listClusters(config));
  const { method } = request.requestHead;
  const path = fromByteString(request.requestHead.path);
  const authority = fromByteString(request.requestHead.authority);
  return {
    request: { method, url: request.url.href, host: authority, path },
    listener: {
      name: chosen.listener.name,
      address: formatAddress(chosen.listener.address),
    },
    ...explainRoute(chosen.table, request, (name) => clusters.has(name), runtime),
    ...explainMissingTable(chosen),
  };
}

/** Without this, one would look for a mistake in a table that nobody has yet. */
function explainMissingTable({ listener, table }: ListenerTable): Partial<Explanation> {
  const { rds, routeConfig } = listener.connectionManager;
  if (rds === undefined || table.config !== routeConfig) {
    return {};
  }
  const reason =
    `the routes of this listener are discovered from the cluster "${rds.cluster}" (rds), ` +
    'so only a running sidecar knows them, once they have come';
  return { outcome: { kind: 'local_reply', status: 404, reason } };
}

function configuredTable(listener: ListenerConfig): RouteTableConfig {
  return listener.connectionManager.routeConfig;
}

function readRuntime(values: ExplainOptions['runtime'] = {}): Runtime {
  for (const [key, value] of entriesOf('runtime', values)) {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
      throw optionInvalid(`runtime.${key} is ${describeValue(value)}, expected a whole number`);
    }
  }
  return {
    integer: (key, fallback) => (Object.hasOwn(values, key) ? (values[key] ?? fallback) : fallback),
  };
}

interface ListenerTable {
  readonly listener: ListenerConfig;
  readonly table: RouteTable;
}

function chooseListener(
  tables: readonly ListenerTable[],
  request: ExplainedRequest,
  name: string | undefined,
): ListenerTable {
  if (name !== undefined) {
    const named = tables.find(({ listener }) => listener.name === name);
    if (named === undefined) {
      const known = listNames(tables.map(({ listener }) => listener.name));
      throw optionInvalid(`listener is ${describeValue(name)}, but the listeners are: ${known}`);
    }
    return named;
  }
  const { authority } = request.requestHead;
  const ofPort = tables.filter(({ listener }) => listener.address.port === request.port);
  const chosen =
    ofPort.find(({ table }) => table.claims(authority)) ??
    ofPort[0] ??
    tables.find(({ table }) => table.claims(authority)) ??
    tables[0];
  if (chosen === undefined) {
    throw optionInvalid('there is no listener that could take the request');
  }
  return chosen;
}

function listClusters({ clusterManager }: Config): string[] {
  const { clusters, sds, cds } = clusterManager;
  return [
    ...clusters.map(({ name }) => name),
    ...(sds === undefined ? [] : [sds.cluster.name]),
    ...(cds === undefined ? [] : [cds.cluster.name]),
  ];
}
