import { isIP, isIPv6 } from 'node:net';
import { canonicalIp } from '../../config/address.js';

/** What `/etc/hosts` says: names in lower case, and their addresses in the order of the file. */
export type HostsFile = ReadonlyMap<string, readonly string[]>;

/**
 * Parses the text of a `hosts` file. A name that stands in several lines has the addresses of all of
 * them. Lines that do not begin with an IP address are passed over.
 */
export function parseHostsFile(text: string): HostsFile {
  const hosts = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const [address, ...names] = line.replace(/#.*$/, '').match(/\S+/g) ?? [];
    if (address === undefined || isIP(address) === 0) {
      continue;
    }
    const canonical = canonicalIp(address);
    for (const name of names) {
      addAddress(hosts, name.toLowerCase().replace(/\.$/, ''), canonical);
    }
  }
  return hosts;
}

function addAddress(hosts: Map<string, string[]>, name: string, address: string): void {
  const known = hosts.get(name);
  if (known === undefined) {
    hosts.set(name, [address]);
  } else if (!known.includes(address)) {
    known.push(address);
  }
}

/** Where the file is on this platform. */
export function hostsFilePath(): string {
  return process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';
}

/** Of addresses of both families, those that the question asks for. */
export function ofFamily(
  addresses: readonly string[],
  family: 'v4_only' | 'v6_only' | 'auto',
): readonly string[] {
  const v6 = addresses.filter((address) => isIPv6(address));
  if (family === 'v6_only' || (family === 'auto' && v6.length > 0)) {
    return v6;
  }
  return addresses.filter((address) => !isIPv6(address));
}
