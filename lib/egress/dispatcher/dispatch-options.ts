import { validateHeaderValue } from 'node:http';
import { stringify } from 'node:querystring';
import { addHeader, type HeaderList, hasHeader } from '../../http/headers.js';
import type { StreamedBody } from '../body-pump.js';
import { appendHeader, invalid, isIterable, parseMethod, type Target } from '../request-options.js';
import { prepareDispatchBody } from './dispatch-body.js';

/**
 * Options of `dispatch`, as undici has them. Those that are not named here concern a connection,
 * which is the sidecar's business; a call that is passed on keeps them all.
 */
export interface DispatchOptions {
  readonly origin?: unknown;
  readonly path?: unknown;
  readonly method?: unknown;
  /** Names and values in turn, an iterable of pairs, or an object. */
  readonly headers?: unknown;
  /** A string, bytes, a stream, a Blob, a FormData, or an iterable of strings and bytes. */
  readonly body?: unknown;
  /** Parameters to be added to a path that has none. */
  readonly query?: unknown;
  /** The protocol to change to. Hosts are asked for `websocket` only. */
  readonly upgrade?: unknown;
}

/** A request that has been dispatched, checked. */
export interface DispatchedRequest {
  readonly target: Target;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Buffer | StreamedBody | undefined;
  /** The request asks for another protocol. */
  readonly isUpgrade: boolean;
}

const maxKnownOrigins = 256;
const knownOrigins = new Map<string, Target>();

/** Returns where `origin` points to, path `/`, or `undefined` if it is no origin of HTTP. */
export function parseOrigin(origin: unknown): Target | undefined {
  if (typeof origin !== 'string' && !(origin instanceof URL)) {
    return undefined;
  }
  const text = typeof origin === 'string' ? origin : origin.href;
  const known = knownOrigins.get(text);
  if (known !== undefined) {
    return known;
  }
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    return undefined;
  }
  const { protocol, host } = parsed;
  const target: Target = { url: parsed.origin, protocol, authority: host, path: '/' };
  if (knownOrigins.size >= maxKnownOrigins) {
    knownOrigins.clear();
  }
  knownOrigins.set(text, target);
  return target;
}

/** Checks a request to `origin`. Throws `SIDECAR_REQUEST_INVALID` for what cannot be sent. */
export function parseDispatch(origin: Target, options: DispatchOptions): DispatchedRequest {
  const method = parseDispatchMethod(options);
  const headers = parseDispatchHeaders(options.headers);
  const path = parsePath(options, headers);
  const protocol = parseUpgrade(options.upgrade);
  const body = prepareDispatchBody(options.body, method, headers);
  const { url, protocol: scheme, authority } = origin;
  const target: Target = { url: `${url}${path}`, protocol: scheme, authority, path };
  if (protocol !== undefined) {
    headers.push('connection', 'Upgrade', 'upgrade', protocol);
  }
  return { target, method, headers, body, isUpgrade: protocol !== undefined };
}

function parseDispatchMethod({ method }: DispatchOptions): string {
  if (typeof method !== 'string') {
    throw invalid('the method is not a string');
  }
  if (method === 'CONNECT') {
    throw invalid('CONNECT opens a tunnel, which is not for a host of the configuration');
  }
  return parseMethod(method);
}

/** Returns the protocol to change to. What is falsy is none, as in undici. */
function parseUpgrade(upgrade: unknown): string | undefined {
  if (!upgrade) {
    return undefined;
  }
  if (typeof upgrade !== 'string') {
    throw invalid('the protocol to change to is not a string');
  }
  try {
    validateHeaderValue('upgrade', upgrade);
  } catch (cause) {
    throw invalid('the protocol to change to cannot be sent', cause);
  }
  return upgrade;
}

/** What may stand in the first line of a request: neither blanks nor control characters. */
const pathPattern = /^[\u0021-\u00ff]+$/;

function parsePath({ path, query }: DispatchOptions, headers: HeaderList): string {
  if (typeof path !== 'string' || !pathPattern.test(path)) {
    throw invalid('the path is not a string that can be sent');
  }
  const relative = path[0] === '/' ? path : parseWholeUrl(path, headers);
  return query === undefined || query === null ? relative : addQuery(relative, query);
}

/** Whole URLs are what is said to a proxy. The host in it counts, as it does for a proxy. */
function parseWholeUrl(text: string, headers: HeaderList): string {
  const url = parseOrigin(text) === undefined ? undefined : new URL(text);
  if (url === undefined) {
    throw invalid('the path is neither a whole URL nor does it start with a slash');
  }
  if (!hasHeader(headers, 'host')) {
    addHeader(headers, 'host', url.host);
  }
  return `${url.pathname}${url.search}`;
}

function addQuery(path: string, query: unknown): string {
  if (typeof query !== 'object' || query === null) {
    throw invalid('the query is not an object');
  }
  if (/[?#]/.test(path)) {
    throw invalid('a query cannot be added to a path that has one');
  }
  // What is no parameter, `stringify` writes as an empty one.
  const text = stringify({ ...query });
  return text === '' ? path : `${path}?${text}`;
}

/** Returns headers of any form, one for each value, names in lower case. */
function parseDispatchHeaders(headers: unknown): HeaderList {
  const list: HeaderList = [];
  if (headers === undefined || headers === null) {
    return list;
  }
  if (typeof headers !== 'object') {
    throw invalid('the headers are neither an object nor an array');
  }
  if (Array.isArray(headers)) {
    if (headers.length % 2 !== 0) {
      throw invalid('the headers are an array of odd length; names and values take turns in it');
    }
    for (let i = 0; i < headers.length; i += 2) {
      appendValues(list, headers[i], headers[i + 1]);
    }
  } else if (isIterable(headers)) {
    for (const pair of headers) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw invalid('the headers hold something that is no pair of name and value');
      }
      appendValues(list, pair[0], pair[1]);
    }
  } else {
    // Of an object whose properties can be anything.
    const values = headers as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(values)) {
      appendValues(list, name, values[name]);
    }
  }
  return list;
}

function appendValues(list: HeaderList, name: unknown, value: unknown): void {
  if (typeof name !== 'string') {
    throw invalid('the name of a header is not a string');
  }
  if (Array.isArray(value)) {
    for (const one of value) {
      appendHeader(list, name, toText(name, one));
    }
  } else if (value !== undefined) {
    appendHeader(list, name, toText(name, value));
  }
}

function toText(name: string, value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    throw invalid(`header "${name}" is an object, expected a string`);
  }
  // `null` is an empty value to undici, and other primitives are what they read as.
  return value === null ? '' : String(value);
}
