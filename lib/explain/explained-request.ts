import { describeValue } from '../config/describe-value.js';
import { isHeaderName, isHeaderValue } from '../config/header-text.js';
import { optionInvalid } from '../config/option-check.js';
import type { RoutedRequest } from '../http/filter.js';
import { type HeaderList, hasHeader } from '../http/headers.js';
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
  /** Runtime values, by their keys. */
  readonly runtime?: Readonly<Record<string, number>>;
}

/** A request as the router sees it. */
export interface ExplainedRequest extends RoutedRequest {
  readonly url: URL;
  /** Where the URL leads: that of its scheme if it names none. */
  readonly port: number;
}

/** Checks the options of an explanation. Throws `SIDECAR_OPTION_INVALID`. */
export function readExplainedRequest(options: ExplainOptions): ExplainedRequest {
  const url = readUrl(options.url);
  const { method = 'GET', random = 0 } = options;
  if (typeof method !== 'string' || !isHeaderName(method)) {
    throw optionInvalid(`method is ${describeValue(method)}, expected a word such as GET`);
  }
  if (!Number.isInteger(random) || random < 0) {
    throw optionInvalid(`random is ${describeValue(random)}, expected a whole number from 0 on`);
  }
  const requestHead: RequestHead = {
    method,
    path: `${url.pathname}${url.search}`,
    authority: url.host,
    headers: [],
  };
  addHeaders(requestHead, options.headers ?? {});
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
    const hint = /^[\w.-]+(?::\d+)?(?:\/|$)/.test(text) ? `; write http://${text}` : '';
    throw optionInvalid(`url is ${describeValue(value)}, expected one with http or https${hint}`);
  }
  return url;
}

function addHeaders(head: RequestHead, headers: NonNullable<ExplainOptions['headers']>): void {
  const entries: Iterable<readonly [string, string]> =
    Symbol.iterator in headers ? headers : Object.entries(headers);
  const list: HeaderList = head.headers;
  for (const [name, value] of entries) {
    if (!isHeaderName(name.replace(/^:/, '')) || !isHeaderValue(value)) {
      throw optionInvalid(`headers: ${describeValue(name)} is not a header with a value`);
    }
    const lower = name.toLowerCase();
    if (lower === 'host' || lower === ':authority') {
      head.authority = value;
    } else if (lower === ':path') {
      head.path = value;
    } else if (lower === ':method') {
      head.method = value;
    } else {
      list.push(lower, value);
    }
  }
}
