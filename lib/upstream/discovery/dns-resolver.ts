import { lookup } from 'node:dns';
import type { DnsLookupFamily } from '../../config/cluster-config.js';

/** Turns names into addresses. */
export interface DnsResolver {
  /**
   * Calls back once, never before it returns, with the addresses in the resolver's order, or with
   * `undefined` when the look-up failed. Never throws.
   */
  resolve(
    name: string,
    family: DnsLookupFamily,
    onResult: (addresses: readonly string[] | undefined) => void,
  ): void;
}

/** The operating system's resolver: hosts file, search domains and all. */
export const systemDnsResolver: DnsResolver = {
  resolve(name, family, onResult) {
    const options = { all: true, family: family === 'v6_only' ? 6 : family === 'v4_only' ? 4 : 0 };
    lookup(name, options, (error, found) => {
      // `all` makes it a list, which the type of `lookup` cannot tell here.
      const addresses = found as unknown as { address: string; family: number }[];
      if (error !== null) {
        onResult(undefined);
      } else if (family === 'auto') {
        // IPv6 first, IPv4 if there is none: reference 1.6.
        const v6 = addresses.filter((entry) => entry.family === 6);
        onResult((v6.length > 0 ? v6 : addresses).map((entry) => entry.address));
      } else {
        onResult(addresses.map((entry) => entry.address));
      }
    });
  },
};
