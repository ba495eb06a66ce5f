import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { quoteText } from './describe-value.js';

/** Where something listens or is reached: a v1 `tcp://host:port` or `unix://path` URL. */
export type Address = TcpAddress | UnixAddress;

export interface TcpAddress {
  readonly kind: 'tcp';
  /** An IP address (IPv6 without brackets), or a name where the key allows names. */
  readonly host: string;
  readonly port: number;
}

export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}

/** What reading an address gave. `problem` is a whole sentence that quotes what stands there. */
export type ParsedAddress<A extends Address = Address> =
  | { readonly address: A; readonly problem?: never }
  | { readonly address?: never; readonly problem: string };

const tcpScheme = 'tcp://';
const unixScheme = 'unix://';

/** The longest path that a Unix socket address holds, on Linux, without the closing NUL. */
const maxUnixPathBytes = 107;

/**
 * Reads `tcp://host:port`, `tcp://[ipv6]:port` or `unix://path`.
 *
 * The host may be a name or an IP address and the port may be 0: which of these a key allows is
 * for the key to say. A slash at the end of a TCP address is passed over. Names come out in lower case and IPv6 addresses in their shortest form, so
 * that equal addresses are equal strings.
 */
export function parseAddress(text: string): ParsedAddress {
  if (text.startsWith(tcpScheme)) {
    // Public files end some URLs with a slash, and Envoy reads past it.
    const found = splitHostPort(text.slice(tcpScheme.length).replace(/\/$/, ''));
    return typeof found === 'string'
      ? { problem: `${quoteText(text)} is not an address: ${found}` }
      : { address: found };
  }
  if (text.startsWith(unixScheme)) {
    const path = text.slice(unixScheme.length);
    const clause = unixPathProblem(path);
    return clause === undefined
      ? { address: { kind: 'unix', path } }
      : { problem: `${quoteText(text)} is not an address: ${clause}` };
  }
  return { problem: `${quoteText(text)} is not an address: ${schemeProblem(text)}` };
}

/**
 * Reads `host:port`, as in the `connectTo` option; an IPv6 address stands in brackets. `usualPort` is
 * what the message shows if the port is missing.
 */
export function parseHostPort(text: string, usualPort = 80): ParsedAddress<TcpAddress> {
  const found = splitHostPort(text, usualPort);
  return typeof found === 'string'
    ? { problem: `${quoteText(text)} is not a host and port: ${found}` }
    : { address: found };
}

/** The URL of an address, as `parseAddress` reads it. */
export function formatAddress(address: Address): string {
  return address.kind === 'tcp'
    ? `${tcpScheme}${formatHostPort(address)}`
    : `${unixScheme}${address.path}`;
}

/** `host:port`, with an IPv6 address in brackets. */
export function formatHostPort(address: TcpAddress): string {
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/** Whether a host is an IP address, as opposed to a name. */
export function isIpAddress(host: string): boolean {
  return isIPv4(host) || isIPv6(host);
}

/** The shortest spelling of an IP address, so that equal ones are equal strings. */
export function canonicalIp(ip: string): string {
  // A zone (`fe80::1%eth0`) is a part of the address that SocketAddress would drop.
  return isIPv6(ip) && !ip.includes('%')
    ? new SocketAddress({ address: ip, family: 'ipv6' }).address
    : ip;
}

/** Returns the address, or a clause that says what is wrong. */
function splitHostPort(text: string, usualPort = 80): TcpAddress | string {
  if (text.startsWith('[')) {
    return splitBracketed(text);
  }
  const colon = text.lastIndexOf(':');
  if (colon === -1) {
    return text === ''
      ? 'the host and the port are missing'
      : `the port is missing; write ${quoteText(`${text}:${usualPort}`)} with the port you mean`;
  }
  const host = text.slice(0, colon);
  if (host.includes(':')) {
    return 'an IPv6 address stands in brackets, as in [::1]:80';
  }
  if (host === '') {
    return 'the host before the colon is missing';
  }
  if (!/^[\x21-\x7e]+$/.test(host)) {
    return 'the host may only hold letters, digits, dots and hyphens';
  }
  const port = parsePort(text.slice(colon + 1));
  return typeof port === 'string' ? port : { kind: 'tcp', host: host.toLowerCase(), port };
}

function splitBracketed(text: string): TcpAddress | string {
  const close = text.indexOf(']');
  const ip = text.slice(1, close === -1 ? undefined : close);
  if (close === -1 || !isIPv6(ip)) {
    return 'the brackets must hold an IPv6 address, as in [::1]:80';
  }
  if (text[close + 1] !== ':') {
    return 'the port is missing behind the brackets, as in [::1]:80';
  }
  const port = parsePort(text.slice(close + 2));
  return typeof port === 'string' ? port : { kind: 'tcp', host: canonicalIp(ip), port };
}

function parsePort(text: string): number | string {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) {
    return port;
  }
  return `the port must be a number from 0 to 65535, found ${quoteText(text)}`;
}

function unixPathProblem(path: string): string | undefined {
  if (path === '') {
    return 'the path is missing; write the path of the socket, as in "unix:///run/app.sock"';
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\x00-\x1f\x7f]/.test(path)) {
    return 'the path holds a control character';
  }
  if (Buffer.byteLength(path) > maxUnixPathBytes) {
    return `the path is ${Buffer.byteLength(path)} bytes long, expected at most ${maxUnixPathBytes}`;
  }
  return undefined;
}

function schemeProblem(text: string): string {
  const rule = 'it must begin with "tcp://" or "unix://"';
  if (text === '') {
    return `${rule}, as in "tcp://127.0.0.1:80"`;
  }
  if (/^\/(?!\/)/.test(text)) {
    return `${rule}; write ${quoteText(`${unixScheme}${text}`)}`;
  }
  const rest = /^(?:[a-z0-9+.-]+:)?\/\/(.*)$/i.exec(text)?.[1] ?? text;
  const repaired = splitHostPort(rest.replace(/\/$/, ''));
  return typeof repaired === 'string'
    ? rule
    : `${rule}; write ${quoteText(formatAddress(repaired))}`;
}
