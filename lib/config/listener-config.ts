import {
  type Address,
  formatAddress,
  isIpAddress,
  parseAddress,
  type TcpAddress,
} from './address.js';
import {
  type ConnectionManagerConfig,
  parseConnectionManager,
} from './connection-manager-config.js';
import { listQuoted, quoteText } from './describe-value.js';
import type { DocumentScope } from './document-scope.js';
import type { JsonReader } from './json-reader.js';
import { findNearestName } from './nearest-name.js';
import { checkNameLength, readBufferLimit } from './shared-keys.js';
import {
  unsupportedHttpFilters,
  unsupportedNetworkFilters,
  unsupportedValues,
} from './unsupported-values.js';

/** A listener: reference 1.2. */
export interface ListenerConfig {
  /** As configured; a listener without a name is known by its address. */
  readonly name: string;
  readonly address: TcpAddress;
  /** Default true. A listener that does not bind has no socket. */
  readonly bindToPort: boolean;
  /** Soft limit of what is buffered per connection, and of bodies kept for a second attempt. */
  readonly perConnectionBufferLimitBytes: number;
  readonly connectionManager: ConnectionManagerConfig;
}

const connectionManagerName = 'http_connection_manager';

/** Parses a listener; `undefined` if it is broken or left out. */
export function parseListener(
  reader: JsonReader,
  scope: DocumentScope,
): ListenerConfig | undefined {
  const name = reader.optionalString('name');
  const address = requireListenAddress(reader, 'tcp://0.0.0.0:8080');
  const bindToPort = reader.optionalBoolean('bind_to_port') ?? true;
  const perConnectionBufferLimitBytes = readBufferLimit(reader);
  const connectionManager = parseNetworkFilters(reader, scope);
  // Both drain types mean the same here, where listeners are neither modified nor handed over.
  reader.optionalOneOf('drain_type', ['default', 'modify_only']);
  if (name !== undefined && name !== '') {
    checkNameLength(reader, name);
    scope.listenerNames.add(name, reader.pathOf('name'));
  }
  if (address?.kind === 'unix') {
    reader.unsupported('address', unsupportedValues.unixListener);
    return undefined;
  }
  if (address !== undefined && address.port !== 0) {
    scope.listenerAddresses.add(formatAddress(address), reader.pathOf('address'));
  }
  if (address === undefined || connectionManager === undefined || reader.isLeftOut) {
    return undefined;
  }
  return {
    // An empty name is none, as in Envoy.
    name: name || formatAddress(address),
    address,
    bindToPort,
    perConnectionBufferLimitBytes,
    connectionManager,
  };
}

/** Reads the `address` of a listener or of the admin server, which must be bindable. */
export function requireListenAddress(reader: JsonReader, example: string): Address | undefined {
  const url = reader.requireString('address', example);
  if (url === undefined) {
    return undefined;
  }
  const { address, problem } = parseAddress(url);
  if (problem !== undefined) {
    reader.problem(problem, 'address');
    return undefined;
  }
  if (address.kind === 'tcp' && !isIpAddress(address.host)) {
    reader.problem(
      `expected an IP address, found the name ${quoteText(address.host)}; write ` +
        `"tcp://127.0.0.1:${address.port}", or "tcp://0.0.0.0:${address.port}" for all interfaces`,
      'address',
    );
    return undefined;
  }
  return address;
}

/** Finds the one connection manager among the network filters. */
function parseNetworkFilters(
  reader: JsonReader,
  scope: DocumentScope,
): ConnectionManagerConfig | undefined {
  const example = `[{ "name": "${connectionManagerName}", "config": { ... } }]`;
  const filters = reader.requireObjects('filters', 'networkFilter', example);
  const managers: (ConnectionManagerConfig | undefined)[] = [];
  const names: (string | undefined)[] = [];
  let isLeftOut = false;
  for (const filter of filters) {
    filter.optionalOneOf('type', ['read', 'write', 'both']);
    const name = checkNetworkFilterName(filter);
    names.push(name);
    if (name === connectionManagerName) {
      managers.push(parseManagerFilter(filter, scope));
    }
    isLeftOut ||= filter.isLeftOut;
  }
  if (managers.length > 1) {
    reader.problem(`expected one ${connectionManagerName}, found ${managers.length}`, 'filters');
  }
  const areUnderstood = reader.lengthOf('filters') === names.filter(isNetworkFilter).length;
  if (managers.length === 0 && areUnderstood && !isLeftOut) {
    reader.unsupported('filters', unsupportedValues.noConnectionManager);
  }
  return isLeftOut ? undefined : managers[0];
}

function isNetworkFilter(name: string | undefined): boolean {
  return name !== undefined && Object.hasOwn(unsupportedNetworkFilters, name);
}

function parseManagerFilter(
  filter: JsonReader,
  scope: DocumentScope,
): ConnectionManagerConfig | undefined {
  const config = filter.requireObject('config', 'connectionManager', '{ ... }');
  return config === undefined ? undefined : parseConnectionManager(config, scope);
}

/** Returns the name, or the name that was meant, and reports one that is not supported. */
function checkNetworkFilterName(filter: JsonReader): string | undefined {
  const name = filter.requireString('name', connectionManagerName);
  if (name === undefined || name === connectionManagerName) {
    return name;
  }
  const feature = Object.hasOwn(unsupportedNetworkFilters, name)
    ? unsupportedNetworkFilters[name]
    : undefined;
  if (feature !== undefined) {
    filter.unsupported('name', feature);
    return name;
  }
  if (name === 'router' || Object.hasOwn(unsupportedHttpFilters, name)) {
    filter.problem(
      `"${name}" is an HTTP filter; move it to the "filters" of an ${connectionManagerName}`,
      'name',
    );
    return name;
  }
  const names = [connectionManagerName, ...Object.keys(unsupportedNetworkFilters)];
  const nearest = findNearestName(name, names);
  const hint =
    nearest === undefined ? `expected ${listQuoted(names)}` : `did you mean "${nearest}"?`;
  filter.problem(`v1 has no network filter ${quoteText(name)}; ${hint}`, 'name');
  return nearest;
}
