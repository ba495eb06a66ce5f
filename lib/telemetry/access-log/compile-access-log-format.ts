import { toByteString } from '../../base/byte-string.js';
import {
  type FormatPiece,
  type PlainOperator,
  parseAccessLogFormat,
} from '../../config/access-log-format.js';
import { formatHostPort } from '../../config/address.js';
import { getHeader, type HeaderList } from '../../http/headers.js';
import type { RequestInfo } from '../../http/request-info.js';
import { formatResponseFlags } from '../../http/response-flag.js';
import { formatStartTime } from './start-time.js';

/**
 * Writes one request as a piece of the access log, with nothing added at its end. The result is a
 * byte string: each character stands for one byte.
 */
export type AccessLogFormatter = (info: RequestInfo) => string;

/** The format of an access log that names none: reference 7.3. */
export const defaultAccessLogFormat: string =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** What is written for a value that is not there. */
const unset = '-';

type Operator = (info: RequestInfo) => string | number;

/**
 * Compiles a format once, at start; the formatter then runs for every request and never throws.
 * The parser of the configuration has checked it.
 */
export function compileAccessLogFormat(format: string): AccessLogFormatter {
  const texts: string[] = [''];
  const operators: Operator[] = [];
  for (const piece of parseAccessLogFormat(format).pieces) {
    if (piece.kind === 'text') {
      texts[texts.length - 1] = toByteString(piece.text);
    } else {
      operators.push(createOperator(piece));
      texts.push('');
    }
  }
  return createFormatter(texts, operators);
}

const detailOperators: ReadonlySet<PlainOperator> = new Set([
  'REQUEST_DURATION',
  'RESPONSE_DURATION',
  'UPSTREAM_LOCAL_ADDRESS',
]);

/** Whether lines of a format show `RequestInfo.details`. */
export function showsDetails(format: string): boolean {
  return parseAccessLogFormat(format).pieces.some(
    (piece) => piece.kind === 'plain' && detailOperators.has(piece.operator),
  );
}

/** `texts[i]` stands before the result of `operators[i]`; one text more ends the line. */
function createFormatter(
  texts: readonly string[],
  operators: readonly Operator[],
): AccessLogFormatter {
  const first = texts[0] ?? '';
  return (info) => {
    let line = first;
    for (let i = 0; i < operators.length; i++) {
      // There is one text more than operators, so neither index is out of range.
      line += (operators[i] as Operator)(info);
      line += texts[i + 1] as string;
    }
    return line;
  };
}

const plainOperators: Readonly<Record<PlainOperator, Operator>> = {
  START_TIME: (info) => formatStartTime(info.startWallMs),
  BYTES_RECEIVED: (info) => info.bytesReceived,
  BYTES_SENT: (info) => info.bytesSent,
  PROTOCOL: (info) => info.protocol,
  RESPONSE_CODE: (info) => info.responseCode,
  DURATION: (info) => Math.trunc(info.durationMs),
  RESPONSE_FLAGS: (info) => formatResponseFlags(info.responseFlags),
  UPSTREAM_HOST: (info) => info.upstreamHost ?? unset,
  UPSTREAM_CLUSTER: (info) =>
    info.upstreamCluster === undefined ? unset : toByteString(info.upstreamCluster),
  REQUEST_DURATION: ({ details }) => formatMs(details?.requestMs),
  RESPONSE_DURATION: ({ details }) => formatMs(details?.responseMs),
  UPSTREAM_LOCAL_ADDRESS: ({ details }) => details?.upstreamLocalAddress || unset,
  DOWNSTREAM_LOCAL_ADDRESS: (info) => info.localAddress || unset,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (info) => withoutPort(info.localAddress) || unset,
  DOWNSTREAM_REMOTE_ADDRESS: ({ clientAddress: host, clientPort: port }) =>
    host === '' ? unset : formatHostPort({ kind: 'tcp', host, port }),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (info) => info.clientAddress || unset,
  DOWNSTREAM_ADDRESS: (info) => info.clientAddress || unset,
};

function formatMs(ms: number | undefined): string | number {
  return ms === undefined ? unset : Math.trunc(ms);
}

/** Takes the port off `ip:port` or `[ip]:port`. */
function withoutPort(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function createOperator(piece: Exclude<FormatPiece, { kind: 'text' }>): Operator {
  if (piece.kind === 'plain') {
    return plainOperators[piece.operator];
  }
  const getValue = createHeaderGetter(piece.message, piece.name);
  const getAlternative =
    piece.alternative === undefined
      ? undefined
      : createHeaderGetter(piece.message, piece.alternative);
  const { maxLength } = piece;
  if (maxLength !== undefined) {
    // The placeholder is cut too, as in Envoy.
    return (info) => (getValue(info) ?? getAlternative?.(info) ?? unset).slice(0, maxLength);
  }
  if (getAlternative !== undefined) {
    return (info) => getValue(info) ?? getAlternative(info) ?? unset;
  }
  return (info) => getValue(info) ?? unset;
}

type HeaderGetter = (info: RequestInfo) => string | undefined;

function createHeaderGetter(message: 'request' | 'response', name: string): HeaderGetter {
  if (message === 'request') {
    return requestPseudoHeaders.get(name) ?? ((info) => getHeader(info.requestHead.headers, name));
  }
  if (name === ':status') {
    return (info) => (info.responseCode === 0 ? undefined : `${info.responseCode}`);
  }
  return (info) => getResponseHeader(info.responseHeaders, name);
}

function getResponseHeader(headers: HeaderList | undefined, name: string): string | undefined {
  return headers === undefined ? undefined : getHeader(headers, name);
}

/** Parts of the head that Envoy keeps among the headers, under these names. */
const requestPseudoHeaders: ReadonlyMap<string, HeaderGetter> = new Map([
  [':method', (info: RequestInfo) => info.requestHead.method],
  [':path', (info: RequestInfo) => info.requestHead.path],
  [':authority', getAuthority],
  // The `host` header of HTTP/1.1 is the authority.
  ['host', getAuthority],
]);

/** A request of HTTP/1.0 may come without one. */
function getAuthority(info: RequestInfo): string | undefined {
  return info.requestHead.authority === '' ? undefined : info.requestHead.authority;
}
