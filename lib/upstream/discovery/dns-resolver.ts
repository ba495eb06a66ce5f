import { lookup } from 'node:dns';
import type { TcpAddress } from '../../config/address.js';
import type { DnsLookupFamily } from '../../config/cluster-config.js';

/** What is to be found out about a name. */
export interface DnsQuestion {
  /** A name, an IP address, or a service as `_http._tcp.orders.internal`. */
  readonly name: string;
  readonly family: DnsLookupFamily;
  /** The servers to ask; empty for those of the system. */
  readonly resolvers: readonly TcpAddress[];
}

/** One of the addresses that were found. */
export interface DnsHost {
  readonly address: string;
  /** The name that has the address: of a service, that of the target. */
  readonly hostName: string;
  /** Of a service only; `undefined` where the configuration says the port. */
  readonly port: number | undefined;
  /** 1 to 128; 1 if it is not a service. */
  readonly weight: number;
}

/** Targets of a service of which nothing is known for now. */
export interface MissingTargets {
  readonly hostNames: readonly string[];
  readonly reason: string;
}

/** What became of a question. */
export type DnsResult =
  | {
      readonly kind: 'answer';
      /** In the resolver's order. Empty if the name does not exist, or has no such address. */
      readonly hosts: readonly DnsHost[];
      /** How long the answer may be believed; `undefined` if nobody says. */
      readonly ttlMs: number | undefined;
      /** The targets of a service that could not be looked up, if any, and why. */
      readonly missing: MissingTargets | undefined;
    }
  /** Nothing is known: no server answered, or none could tell. */
  | { readonly kind: 'failure'; readonly reason: string };

/** Turns names into addresses. */
export interface DnsResolver {
  /**
   * Calls back once, never before it returns. Never throws. What it returns gives the question up:
   * there is no call after that.
   */
  resolve(question: DnsQuestion, onResult: (result: DnsResult) => void): () => void;
}

/** Returns the answer that a name has these addresses. */
export function toAnswer(
  name: string,
  addresses: readonly string[],
  ttlMs: number | undefined,
): DnsResult {
  // A final dot speaks to the resolver; as a `Host` few would know it.
  const hostName = name.replace(/\.$/, '');
  const hosts = addresses.map((address) => ({ address, hostName, port: undefined, weight: 1 }));
  return { kind: 'answer', hosts, ttlMs, missing: undefined };
}

/** The operating system's resolver. It knows no time to live, no services, and no other servers. */
export const systemDnsResolver: DnsResolver = {
  resolve({ name, family }, onResult) {
    let isWanted = true;
    const options = { all: true, family: family === 'v6_only' ? 6 : family === 'v4_only' ? 4 : 0 };
    lookup(name, options, (error, found) => {
      if (!isWanted) {
        return;
      }
      if (error !== null) {
        onResult({ kind: 'failure', reason: error.code ?? error.message });
        return;
      }
      // `all` makes it a list, which the type of `lookup` cannot tell here.
      const entries = found as unknown as { address: string; family: number }[];
      // IPv6 first, IPv4 if there is none: reference 1.6.
      const v6 = entries.filter((entry) => entry.family === 6);
      const chosen = family === 'auto' && v6.length > 0 ? v6 : entries;
      const addresses = chosen.map((entry) => entry.address);
      onResult(toAnswer(name, addresses, undefined));
    });
    return () => {
      isWanted = false;
    };
  },
};
