import { formatAddress, type TcpAddress } from './address.js';
import { quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';
import { type ListenerConfig, readListenAddress } from './listener-config.js';
import { readFilePath } from './shared-keys.js';

/** `admin`: reference 1.4. */
export interface AdminConfig {
  readonly accessLogPath: string;
  readonly address: TcpAddress;
  /** Where Envoy would write CPU profiles. */
  readonly profilePath: string;
}

/** Parses `admin`; `undefined` if it is broken. */
export function parseAdmin(
  reader: JsonReader,
  listeners: readonly ListenerConfig[],
): AdminConfig | undefined {
  const accessLogPath = readFilePath(reader, 'access_log_path');
  const address = readListenAddress(reader);
  const profilePath = reader.string('profile_path') ?? '/var/log/envoy/envoy.prof';
  if (address?.kind === 'unix') {
    reader.problem(
      'expected an address such as "tcp://127.0.0.1:8001", found a Unix socket',
      'address',
    );
    return undefined;
  }
  if (address === undefined || accessLogPath === undefined) {
    return undefined;
  }
  checkCollision(reader, address, listeners);
  return { accessLogPath, address, profilePath };
}

/** The admin server binds its address, so no listener that binds may have the same. */
function checkCollision(
  reader: JsonReader,
  address: TcpAddress,
  listeners: readonly ListenerConfig[],
): void {
  const url = formatAddress(address);
  const other = listeners.find(
    (listener) => listener.bindToPort && formatAddress(listener.address) === url,
  );
  if (other !== undefined && address.port !== 0) {
    reader.problem(
      `${quoteText(url)} is the address of a listener too; give the admin server one of its own`,
      'address',
    );
  }
}
