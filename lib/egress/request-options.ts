import { validateHeaderName, validateHeaderValue } from 'node:http';
import { readDecimal } from '../base/decimal.js';
import { SidecarError } from '../base/errors.js';
import { KnownTexts } from '../base/known-texts.js';
import { describeValue } from '../config/describe-value.js';
import { isHeaderBytes } from '../config/header-text.js';
import { isJsonObject } from '../config/json-members.js';
import { type HeaderList, hasHeader, lowerCaseName } from '../http/headers.js';
import { adviseOnOption, describeWrongUrl, requestOptionNames } from './request-mistakes.js';

/** Headers as callers write them: an object, or names and values in pairs. */
export type HeadersInput =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/** A request body: all at hand, or piece by piece, as a stream of Node.js or of the web, or a generator. */
export type BodyInput =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | FormData
  | URLSearchParams
  | AsyncIterable<Uint8Array | string>
  | null;

/** Options of `sidecar.request`. */
export interface RequestOptions {
  /** Default `GET`. */
  readonly method?: string;
  /** `host` is sent instead of the URL's own; the route is that of the URL. */
  readonly headers?: HeadersInput;
  /**
   * Default none. A string is sent as UTF-8. The `content-type` is the one that `fetch` would send,
   * unless you give one: of a string `text/plain`, of a form that of the form, of a `Blob` its own, of
   * bytes and streams none. The length is announced where it is known: of all but streams.
   *
   * A stream or other async iterable is read as fast as it can be sent, and released (destroyed,
   * cancelled, or returned from) if the call is refused or ends before it. It cannot be sent twice,
   * so such a call is retried only as far as the body has been kept.
   */
  readonly body?: BodyInput;
  /**
   * Ends the call at any time: the promise, or whoever reads the body, then rejects with the signal's
   * reason. It is listened to until the response is complete.
   */
  readonly signal?: AbortSignal;
}

/**
 * Throws `SIDECAR_REQUEST_INVALID` for options that do not exist: a call without its body, or without
 * its time-out, must not look like one that has it.
 */
export function checkRequestOptions(options: RequestOptions): void {
  if (typeof options !== 'object') {
    throw invalid(`the options are ${describeValue(options)}, expected an object`);
  }
  let isEmpty = true;
  // Also those that are inherited, as they are read from there, too.
  for (const name in options) {
    isEmpty = false;
    if (!requestOptionNames.includes(name)) {
      refuseOption(options, name);
    }
  }
  if (isEmpty && !isJsonObject(options)) {
    throw invalid(`the options are ${describeValue(options)}, expected an object`);
  }
}

/** What wrappers pass on without having it is left out, and so is what somebody has given all objects. */
function refuseOption(options: RequestOptions, name: string): void {
  // Whatever stands there: only its being there counts.
  const isThere = (options as Readonly<Record<string, unknown>>)[name] !== undefined;
  if (isThere && !(name in Object.prototype)) {
    throw invalid(adviseOnOption(options, name));
  }
}

/** The target of a request. */
export interface Target {
  /** The URL as it was given. */
  readonly url: string;
  readonly protocol: 'http:' | 'https:';
  /** Host, with its port unless that is the scheme's own. */
  readonly authority: string;
  readonly path: string;
}

/** Applications ask the same URLs again and again; parsing one costs more than routing it. */
const maxKnownTargets = 1024;
/** Longer ones are not remembered: they are hardly the same each time, and take up memory. */
const maxKnownUrlLength = 512;
const knownTargets = new Map<string, Target>();

/** Returns where `url` points to. Throws `SIDECAR_REQUEST_INVALID` if it is no URL of HTTP. */
export function parseTarget(url: string | URL): Target {
  // Asked for by its kind, not its class: applications may bring a URL of another realm.
  const text = typeof url === 'string' ? url : url?.href;
  if (typeof text !== 'string') {
    throw invalid(describeWrongUrl(url));
  }
  const known = knownTargets.get(text);
  if (known !== undefined) {
    return known;
  }
  const target = parseUrl(text);
  if (text.length <= maxKnownUrlLength) {
    if (knownTargets.size >= maxKnownTargets) {
      knownTargets.clear();
    }
    knownTargets.set(text, target);
  }
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
  if (url.username !== '' || url.password !== '') {
    throw invalid('the URL holds a user name or password; send an authorization header instead');
  }
  return { url: text, protocol, authority: url.host, path: `${url.pathname}${url.search}` };
}

const methodPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Returns the method. Throws `SIDECAR_REQUEST_INVALID` if it is none. */
export function parseMethod(method: string | undefined): string {
  if (method === undefined || method === 'GET') {
    return 'GET';
  }
  if (typeof method !== 'string' || !methodPattern.test(method)) {
    throw invalid(`${describeValue(method)} is not an HTTP method`);
  }
  if (method === 'CONNECT') {
    throw invalid('CONNECT opens a tunnel, which request() has no use for');
  }
  return method;
}

/** Checks the signal. Throws its reason if it is aborted already. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) {
    return;
  }
  // All that is used of it: one that lacks something would fail when the call has ended.
  if (
    typeof signal?.addEventListener !== 'function' ||
    typeof signal.removeEventListener !== 'function' ||
    typeof signal.aborted !== 'boolean'
  ) {
    const hint = signal instanceof AbortController ? '; give its signal' : '';
    throw invalid(`the signal is ${describeValue(signal)}, expected an AbortSignal${hint}`);
  }
  if (signal.aborted) {
    throw signal.reason;
  }
}

/** Of this connection and not of the request, as in reference 5.5: they go no further. */
const droppedHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
]);

/** Whoever sets these counts on what they do, and would wait for it in vain. */
const refusedHeaders: ReadonlyMap<string, string> = new Map([
  ['transfer-encoding', 'the sidecar chooses the framing'],
  ['upgrade', 'request() cannot change the protocol'],
  ['expect', 'request() does not wait for an interim response'],
]);

/** Of these a second one would contradict the first. */
const singleHeaders: ReadonlySet<string> = new Set(['host', 'content-length']);

/** What is to be done with headers of a name that can be sent. */
interface HeaderRule {
  /** In lower case. */
  readonly name: string;
  readonly refusal: string | undefined;
  readonly isSingle: boolean;
  readonly isDropped: boolean;
}

/** Applications send the same names again and again, which need to be looked at once. */
const knownNames: KnownTexts<HeaderRule> = new KnownTexts(1024, 64);

/**
 * Returns the headers as a list, names in lower case. Throws `SIDECAR_REQUEST_INVALID` for what
 * cannot be sent.
 */
export function parseHeaders(input: HeadersInput | undefined): HeaderList {
  const list: HeaderList = [];
  if (input === undefined) {
    return list;
  }
  if (typeof input !== 'object' || input === null) {
    throw invalid(`headers are ${describeValue(input)}, expected an object or pairs`);
  }
  const entries = isIterable(input) ? input : entriesOf(input);
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw invalid(`headers hold ${describeValue(entry)}, expected pairs of name and value`);
    }
    const [name, value] = entry;
    if (Array.isArray(value)) {
      for (const one of value) {
        appendHeader(list, name, one);
      }
    } else if (value !== undefined) {
      appendHeader(list, name, value);
    }
  }
  return list;
}

function entriesOf(input: object): [string, unknown][] {
  const entries = Object.entries(input);
  if (entries.length === 0 && !isJsonObject(input)) {
    const hint = input instanceof Promise ? '; await it first' : '';
    throw invalid(`headers are ${describeValue(input)} that has none${hint}`);
  }
  return entries;
}

/** Whether an object has pairs to be walked through, and not properties. */
export function isIterable(input: object): input is Iterable<unknown> {
  return Symbol.iterator in input;
}

/**
 * Appends a header to a list, its name in lower case. Throws `SIDECAR_REQUEST_INVALID` for what cannot
 * be sent; leaves out what goes no further.
 */
export function appendHeader(list: HeaderList, rawName: unknown, rawValue: unknown): void {
  // Numbers are wanted often, and can mean nothing else.
  const value = Number.isFinite(rawValue) ? String(rawValue) : rawValue;
  if (typeof value !== 'string') {
    const name = typeof rawName === 'string' ? lowerCaseName(rawName) : '';
    throw invalid(`header "${name}" is ${describeValue(value)}, expected a string`);
  }
  const { name, refusal, isSingle, isDropped } = findRule(rawName);
  if (!isHeaderBytes(value)) {
    check(name, () => validateHeaderValue(name, value));
  }
  if (refusal !== undefined) {
    throw invalid(`header "${name}" cannot be sent: ${refusal}; leave it out`);
  }
  if (isSingle) {
    checkSingle(list, name, value);
  }
  if (!isDropped) {
    list.push(name, value);
  }
}

function checkSingle(list: HeaderList, name: string, value: string): void {
  if (hasHeader(list, name)) {
    throw invalid(`header "${name}" cannot be sent twice`);
  }
  if (name === 'content-length' && readDecimal(value) === undefined) {
    throw invalid(`content-length "${value}" is not a number of bytes; leave the header out`);
  }
}

/** Returns the rule for a name. Throws if it cannot be sent. */
function findRule(rawName: unknown): HeaderRule {
  // What is no string is in no map of strings.
  const known = knownNames.get(rawName as string);
  return known ?? makeRule(typeof rawName === 'string' ? rawName : '');
}

function makeRule(rawName: string): HeaderRule {
  const name = lowerCaseName(rawName);
  check(name, () => validateHeaderName(name));
  const rule: HeaderRule = {
    name,
    refusal: refusedHeaders.get(name),
    isSingle: singleHeaders.has(name),
    isDropped: droppedHeaders.has(name),
  };
  knownNames.add(rawName, rule);
  return rule;
}

function check(name: string, validate: () => void): void {
  try {
    validate();
  } catch (cause) {
    throw invalid(`header "${name}" cannot be sent: ${(cause as Error).message}`, cause);
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
