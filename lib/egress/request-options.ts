import { validateHeaderName, validateHeaderValue } from 'node:http';
import { SidecarError } from '../base/errors.js';
import { type HeaderList, lowerCaseName } from '../http/headers.js';

/** Headers as callers write them: an object, or names and values in pairs. */
export type HeadersInput =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/** A request body: all at hand, or piece by piece. */
export type BodyInput = string | Uint8Array | AsyncIterable<Uint8Array | string> | null;

/** Options of `sidecar.request`. */
export interface RequestOptions {
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: HeadersInput;
  /** Default none. A string is sent as UTF-8. Nothing is said of its type unless you do. */
  readonly body?: BodyInput;
  /** Ends the request; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The target of a request. */
export interface Target {
  readonly protocol: 'http:' | 'https:';
  /** Host, with its port unless that is the scheme's own. */
  readonly authority: string;
  readonly path: string;
}

/** Applications ask the same URLs again and again; parsing one costs more than routing it. */
const maxKnownTargets = 1024;
const knownTargets = new Map<string, Target>();

/** Returns where `url` points to. Throws `SIDECAR_REQUEST_INVALID` if it is no URL of HTTP. */
export function parseTarget(url: string | URL): Target {
  const text = typeof url === 'string' ? url : url.href;
  const known = knownTargets.get(text);
  if (known !== undefined) {
    return known;
  }
  const target = parseUrl(text);
  if (knownTargets.size >= maxKnownTargets) {
    knownTargets.clear();
  }
  knownTargets.set(text, target);
  return target;
}

function parseUrl(text: string): Target {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw invalid(`"${text}" is not a URL; write it in full, as in http://orders/list`, cause);
  }
  const { protocol } = url;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw invalid(`"${text}" is not a URL of http: or https:`);
  }
  return { protocol, authority: url.host, path: `${url.pathname}${url.search}` };
}

const methodPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Returns the method. Throws `SIDECAR_REQUEST_INVALID` if it is none. */
export function parseMethod(method: string | undefined): string {
  if (method === undefined || method === 'GET') {
    return 'GET';
  }
  if (!methodPattern.test(method)) {
    throw invalid(`"${method}" is not an HTTP method`);
  }
  if (method === 'CONNECT') {
    throw invalid('CONNECT opens a tunnel, which request() has no use for');
  }
  return method;
}

/**
 * Returns the headers as a list, names in lower case; `host` goes to `onHost`. What belongs to the
 * connection is refused, since the framing is ours.
 */
export function parseHeaders(
  input: HeadersInput | undefined,
  onHost: (host: string) => void,
): HeaderList {
  const list: HeaderList = [];
  if (input === undefined) {
    return list;
  }
  const entries = isIterable(input) ? input : Object.entries(input);
  for (const [rawName, value] of entries) {
    if (value === undefined) {
      continue;
    }
    const name = lowerCaseName(rawName);
    for (const one of Array.isArray(value) ? value : [value]) {
      addChecked(list, name, String(one), onHost);
    }
  }
  return list;
}

function isIterable(input: HeadersInput): input is Iterable<readonly [string, string]> {
  return Symbol.iterator in input;
}

function addChecked(
  list: HeaderList,
  name: string,
  value: string,
  onHost: (host: string) => void,
): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    throw invalid(`header "${name}" cannot be sent: ${(cause as Error).message}`, cause);
  }
  if (name === 'host') {
    onHost(value);
  } else if (name === 'transfer-encoding') {
    throw invalid('transfer-encoding is chosen by the sidecar; leave the header out');
  } else {
    list.push(name, value);
  }
}

/** Returns the error for a request that cannot be made. */
export function invalid(message: string, cause?: unknown): SidecarError {
  return new SidecarError(
    'SIDECAR_REQUEST_INVALID',
    message,
    cause === undefined ? undefined : { cause },
  );
}
