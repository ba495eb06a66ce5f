import { normalizeAddress } from '../base/ip-address.js';
import { formatHostPort } from '../config/address.js';

/** What has a local address if it is a socket of TCP, and none if it is another stream. */
export interface AddressedStream {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/**
 * Returns `ip:port` of our end of a connection; empty if there is none, as with a stream in memory, a
 * Unix socket or a socket that is gone.
 */
export function formatLocalAddress({ localAddress, localPort }: AddressedStream): string {
  return localAddress === undefined || localPort === undefined
    ? ''
    : formatHostPort({ kind: 'tcp', host: normalizeAddress(localAddress), port: localPort });
}
