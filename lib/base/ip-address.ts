import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Returns the address as it is usually written: an IPv4 address that came in IPv6 form as IPv4. */
export function normalizeAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * Whether an address is of the inside: reference 5.2. Of 127/8 only 127.0.0.1 is, as in Envoy.
 * What is no IP address is not.
 */
export function isInternalAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) {
    return isInternalV4(address);
  }
  // All four digits: `fd::1` is short for `00fd::1`, which is not unique local.
  return family === 6 && (address === '::1' || /^f[cd][0-9a-f]{2}:/i.test(address));
}

function isInternalV4(address: string): boolean {
  if (address.startsWith('10.') || address.startsWith('192.168.') || address === '127.0.0.1') {
    return true;
  }
  if (!address.startsWith('172.')) {
    return false;
  }
  const second = Number(address.slice(4, address.indexOf('.', 4)));
  return second >= 16 && second <= 31;
}

/** Whether the peer is on this machine. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Returns the machine's own IPv4 address, 127.0.0.1 if it has no other. */
export function localAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const entry of addresses ?? []) {
      if (entry.family === 'IPv4' && !entry.internal) {
        return entry.address;
      }
    }
  }
  return '127.0.0.1';
}
