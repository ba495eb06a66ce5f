import {
  type Address,
  formatAddress,
  isIpAddress,
  parseAddress,
  type TcpAddress,
} from './address.js';
import type { ConnectionManagerConfig } from './connection-manager-config.js';
import { quoteText } from './describe-value.js';
import type { DocumentScope } from './document-scope.js';
import type { JsonReader } from './json-reader.js';
import { type NetworkFilterConfig, parseNetworkFilters } from './network-filter-config.js';
import { drainTypes } from './schema/listener-schema.js';
import { checkNameLength, readBufferLimit } from './shared-keys.js';
import { type ListenerTlsConfig, parseListenerTls } from './tls-config.js';

/** When a listener drains its connections: reference 1.2. */
export type DrainType = (typeof drainTypes)[number];

/** A listener: reference 1.2. */
export interface ListenerConfig {
  /** As configured; a listener without a name is known by its address. */
  readonly name: string;
  readonly address: TcpAddress;
  /** Default true. A listener that does not bind has no socket. */
  readonly bindToPort: boolean;
  /** Soft limit of what is buffered per connection, and of bodies kept for a second attempt. */
  readonly perConnectionBufferLimitBytes: number;
  /** Every filter, in order. */
  readonly filters: readonly NetworkFilterConfig[];
  /** The one among `filters` that serves the requests. */
  readonly connectionManager: ConnectionManagerConfig;
  /** `undefined` for plain text. */
  readonly tls: ListenerTlsConfig | undefined;
  readonly useProxyProto: boolean;
  readonly useOriginalDst: boolean;
  readonly drainType: DrainType;
}

/** Parses a listener; `undefined` if it is broken or left out. */
export function parseListener(
  reader: JsonReader,
  scope: DocumentScope,
): ListenerConfig | undefined {
  const name = readName(reader, scope);
  const address = readListenAddress(reader);
  const filters = parseNetworkFilters(reader, scope);
  const tlsReader = reader.object('ssl_context');
  const tls = tlsReader && parseListenerTls(tlsReader);
  if (address?.kind === 'unix') {
    reader.unsupported('address', {
      reason: 'listeners are opened on TCP addresses only',
      instead: 'write an address such as "tcp://127.0.0.1:8080"',
      leavesOut: 'the listener',
      without: 'as it has no place to listen',
    });
    return undefined;
  }
  if (address !== undefined && address.port !== 0) {
    scope.listenerAddresses.add(formatAddress(address), reader.placeOf('address'));
  }
  const manager = filters?.find((filter) => filter.name === 'http_connection_manager');
  if (address === undefined || filters === undefined || manager === undefined || reader.isLeftOut) {
    return undefined;
  }
  return {
    name: name ?? formatAddress(address),
    address,
    bindToPort: reader.boolean('bind_to_port') ?? true,
    perConnectionBufferLimitBytes: readBufferLimit(reader),
    filters,
    connectionManager: manager.config,
    tls,
    useProxyProto: reader.boolean('use_proxy_proto') ?? false,
    useOriginalDst: reader.boolean('use_original_dst') ?? false,
    drainType: reader.oneOf('drain_type', drainTypes) ?? 'default',
  };
}

/** An empty name is none, as in Envoy. */
function readName(reader: JsonReader, scope: DocumentScope): string | undefined {
  const name = reader.string('name');
  if (name === undefined || name === '') {
    return undefined;
  }
  checkNameLength(reader, name);
  scope.listenerNames.add(name, reader.placeOf('name'));
  return name;
}

/** Reads the `address` of a listener or of the admin server, which must be bindable. */
export function readListenAddress(reader: JsonReader): Address | undefined {
  const url = reader.string('address');
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
