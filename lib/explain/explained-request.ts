import { toByteString } from '../base/byte-string.js';
import { describeValue } from '../config/describe-value.js';
import { isHeaderName, isHeaderValue } from '../config/header-text.js';
import { isJsonObject } from '../config/json-members.js';
import { checkOptionNames, optionInvalid } from '../config/option-check.js';
import type { RoutedRequest } from '../http/filter.js';
import { hasHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';

/** A request to be explained. */
export interface ExplainOptions {
  /** Default `GET`. */
  readonly method?: string;
  /** An `http:` or `https:` URL. */
  readonly url: string | URL;
  /**
   * The headers as the router sees them: with `x-envoy-internal: true` the request is internal.
   * `host` takes the place of the URL's host; `x-forwarded-proto` is the URL's unless it is here.
   */
  readonly headers?: Readonly<Record<string, string>> | Iterable<readonly [string, string]>;
  /** Name of the listener. Default: that of the URL's port, else the first with routes for its host. */
  readonly listener?: string;
  /** The number that shares are drawn by. Default 0. */
  readonly random?: number;
  /**
   * Runtime values, by their keys. A key that is not here has its default: values on disk, or set in
   * a running sidecar, do not count.
   */
  readonly runtime?: Readonly<Record<string, number>>;
}

/** A request as the router sees it. */
export interface ExplainedRequest extends RoutedRequest {
  readonly url: URL;
  /** Where the URL leads: that of its scheme if it names none. */
  readonly port: number;
}

const knownOptions: readonly (keyof ExplainOptions)[] = [
  'method',
  'url',
  'headers',
  'listener',
  'random',
  'runtime',
];

/** Checks the options of an explanation. Throws `SIDECAR_OPTION_INVALID`. */
export function readExplainedRequest(options: ExplainOptions): ExplainedRequest {
  if (!isJsonObject(options)) {
    throw optionInvalid(`the request is ${describeValue(options)}, expected an object with a url`);
  }
  checkOptionNames(options, knownOptions);
  const { method = 'GET', random = 0 } = options;
  const url = readUrl(options.url);
  if (typeof method !== 'string' || !isHeaderName(method)) {
    throw optionInvalid(`method is ${describeValue(method)}, expected a word such as GET`);
  }
  if (!Number.isInteger(random) || random < 0) {
    throw optionInvalid(`random is ${describeValue(random)}, expected a whole number from 0 on`);
  }
  const requestHead: RequestHead = {
    method,
    path: readPath(String(options.url)),
    authority: url.host,
    headers: [],
  };
  addHeaders(requestHead, options.headers);
  if (!hasHeader(requestHead.headers, 'x-forwarded-proto')) {
    requestHead.headers.push('x-forwarded-proto', url.protocol.slice(0, -1));
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { url, port, requestHead, stableRandom: random };
}

function readUrl(value: unknown): URL {
  const text = typeof value === 'string' || value instanceof URL ? String(value) : '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const hint = /^[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:\/|$)/.test(text) ? `; write http://${text}` : '';
    throw optionInvalid(`url is ${describeValue(value)}, expected one with http or https${hint}`);
  }
  return url;
}

/** The path as it is written: neither Envoy nor we fold `..` or touch escapes. */
function readPath(url: string): string {
  const [, path = ''] = /^[a-z]+:\/\/[^/?#]*([^#]*)/i.exec(url.trim()) ?? [];
  return toByteString(path.startsWith('/') ? path : `/${path}`);
}

function addHeaders(head: RequestHead, headers: unknown = {}): void {
  for (const entry of entriesOf(headers)) {
    if (!Array.isArray(entry)) {
      throw optionInvalid(`headers hold ${describeValue(entry)}, expected pairs of name and value`);
    }
    const [name, value]: unknown[] = entry;
    if (
      typeof name !== 'string' ||
      typeof value !== 'string' ||
      !isHeaderName(name.replace(/^:/, '')) ||
      !isHeaderValue(value)
    ) {
      throw optionInvalid(
        `headers: ${describeValue(name)}: ${describeValue(value)} is not a header with a value`,
      );
    }
    setHeader(head, name.toLowerCase(), toByteString(value));
  }
}

function entriesOf(headers: unknown): Iterable<unknown> {
  if (isJsonObject(headers)) {
    return Object.entries(headers);
  }
  if (typeof headers !== 'object' || headers === null || !(Symbol.iterator in headers)) {
    throw optionInvalid(`headers is ${describeValue(headers)}, expected an object or pairs`);
  }
  // What is iterable says so.
  return headers as Iterable<unknown>;
}

function setHeader(head: RequestHead, name: string, value: string): void {
  switch (name) {
    case 'host':
    case ':authority':
      head.authority = value;
      break;
    case ':path':
      head.path = value;
      break;
    case ':method':
      head.method = value;
      break;
    default:
      head.headers.push(name, value);
  }
}
