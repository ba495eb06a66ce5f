import { isIP } from 'node:net';
import { isIpAddress, parseHostPort, type TcpAddress } from '../../config/address.js';

/** What `/etc/resolv.conf` says. */
export interface ResolvConf {
  readonly nameservers: readonly TcpAddress[];
  /** The domains that short names are tried in, without a final dot. */
  readonly search: readonly string[];
  /** A name with at least so many dots is tried as it is first. */
  readonly ndots: number;
  /** How long one server is waited for, each time. */
  readonly timeoutMs: number;
  /** How often every server is asked. */
  readonly attempts: number;
  /** Whether each question begins with another server. */
  readonly isRotating: boolean;
}

const dnsPort = 53;

/**
 * Shorter than the five seconds of the C library: a sidecar waits for names when it starts, and one
 * dead server of two must not cost that much.
 */
const defaultTimeoutMs = 2000;
const defaultAttempts = 3;

/** The caps of the C library. */
const maxNdots = 15;
const maxTimeoutSeconds = 30;
const maxAttempts = 5;

/** More of either would only mean more questions for each name. */
const maxNameservers = 8;
const maxSearchDomains = 32;

/** What holds without a file: nobody to ask. */
export const defaultResolvConf: ResolvConf = {
  nameservers: [],
  search: [],
  ndots: 1,
  timeoutMs: defaultTimeoutMs,
  attempts: defaultAttempts,
  isRotating: false,
};

/**
 * Parses the text of a `resolv.conf`. Nothing in it is an error: lines that cannot be understood are
 * passed over, as every resolver does. Without a name server the one of this machine is asked.
 */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: TcpAddress[] = [];
  let search: readonly string[] = [];
  let options: Partial<ResolvConf> = {};
  for (const line of text.split(/\r?\n/)) {
    const [keyword, ...words] = line.replace(/[#;].*$/, '').match(/\S+/g) ?? [];
    if (keyword === 'nameserver') {
      nameservers.push(...readNameserver(words[0]));
    } else if (keyword === 'search' || keyword === 'domain') {
      // The last of either counts, as in the C library.
      search = (keyword === 'domain' ? words.slice(0, 1) : words).map(toDomain);
    } else if (keyword === 'options') {
      for (const word of words) {
        options = { ...options, ...readOption(word) };
      }
    }
  }
  if (nameservers.length === 0) {
    nameservers.push({ kind: 'tcp', host: '127.0.0.1', port: dnsPort });
  }
  return {
    ...defaultResolvConf,
    ...options,
    nameservers: nameservers.slice(0, maxNameservers),
    search: [...new Set(search)].slice(0, maxSearchDomains),
  };
}

function readNameserver(word = ''): TcpAddress[] {
  if (isIP(word) !== 0) {
    // With its scope, if it has one: `fe80::1%eth0`.
    return [{ kind: 'tcp', host: word, port: dnsPort }];
  }
  // Some resolvers take a port too, as in `10.0.0.2:5353` and `[::1]:5353`.
  const { address } = parseHostPort(word);
  return address === undefined || !isIpAddress(address.host) || address.port === 0 ? [] : [address];
}

function toDomain(word: string): string {
  return word.toLowerCase().replace(/\.+$/, '');
}

function readOption(word: string): Partial<ResolvConf> {
  if (word === 'rotate') {
    return { isRotating: true };
  }
  const [, name, digits] = /^(ndots|timeout|attempts):(\d{1,9})$/.exec(word) ?? [];
  const value = Number(digits);
  switch (name) {
    case 'ndots':
      return { ndots: Math.min(value, maxNdots) };
    case 'timeout':
      return { timeoutMs: clamp(value, maxTimeoutSeconds) * 1000 };
    case 'attempts':
      return { attempts: clamp(value, maxAttempts) };
    default:
      return {};
  }
}

function clamp(value: number, max: number): number {
  return Math.max(1, Math.min(value, max));
}
