import type { Attributes } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import { getHeader } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';
import { formatResponseFlags } from '../../http/response-flag.js';

/** Envoy's tag `http.url` shows so much of the path. */
const maxTaggedPathLength = 128;

/** What is no method of RFC 9110 or RFC 5789 is anybody's word, and stands beside `_OTHER`. */
const knownMethods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
]);

/** The semantic conventions of OpenTelemetry for a request that comes in; also for samplers. */
export function serverAttributes(head: RequestHead, protocol: RequestInfo['protocol']): Attributes {
  const attributes = commonAttributes(head, protocol);
  const end = head.path.indexOf('?');
  attributes['url.scheme'] = schemeOf(head);
  attributes['url.path'] = fromByteString(end === -1 ? head.path : head.path.slice(0, end));
  if (end !== -1) {
    attributes['url.query'] = fromByteString(head.path.slice(end + 1));
  }
  return attributes;
}

/** The same for a request that goes out. */
export function clientAttributes(head: RequestHead, protocol: RequestInfo['protocol']): Attributes {
  const scheme = schemeOf(head);
  const attributes = commonAttributes(head, protocol);
  // Required of this kind of span.
  attributes['server.port'] ??= scheme === 'https' ? 443 : 80;
  attributes['url.full'] = urlOf(head, scheme);
  return attributes;
}

/** What Envoy tags the span of a request with when it begins: reference 5.9. */
export function requestTags(head: RequestHead, protocol: RequestInfo['protocol']): Attributes {
  const { headers } = head;
  const value = (name: string): string => fromByteString(getHeader(headers, name) || '-');
  const path = fromByteString(head.path).slice(0, maxTaggedPathLength);
  const tags: Attributes = {
    'http.url': `${schemeOf(head)}://${fromByteString(head.authority)}${path}`,
    'http.method': head.method,
    'http.protocol': protocol,
    downstream_cluster: value('x-envoy-downstream-service-cluster'),
    user_agent: value('user-agent'),
    'guid:x-request-id': value('x-request-id'),
  };
  const clientTraceId = getHeader(headers, 'x-client-trace-id');
  if (clientTraceId !== undefined) {
    tags['guid:x-client-trace-id'] = fromByteString(clientTraceId);
  }
  return tags;
}

/**
 * What is known when the request is over, in Envoy's words and in those of OpenTelemetry.
 * `headersForTags` are names in lower case: `request_headers_for_tags`.
 */
export function finalAttributes(info: RequestInfo, headersForTags: readonly string[]): Attributes {
  const { responseCode } = info;
  const attributes = statusAttributes(responseCode, responseCode === 0 ? 'no_response' : undefined);
  attributes['request_size'] = info.bytesReceived;
  attributes['response_size'] = info.bytesSent;
  attributes['response_flags'] = formatResponseFlags(info.responseFlags);
  if (info.upstreamCluster !== undefined && info.upstreamCluster !== '') {
    attributes['upstream_cluster'] = fromByteString(info.upstreamCluster);
  }
  for (const name of headersForTags) {
    const value = headerOf(info.requestHead, name);
    if (value !== undefined) {
      attributes[name] = fromByteString(value);
    }
  }
  return attributes;
}

/** The conventions for one attempt. `attempt` counts from 0; `host` is `ip:port`. */
export function attemptAttributes(
  head: RequestHead,
  cluster: string,
  host: string,
  attempt: number,
): Attributes {
  const attributes: Attributes = {
    component: 'proxy',
    upstream_cluster: fromByteString(cluster),
    // Whatever the client speaks: to hosts it is plain text.
    'url.full': urlOf(head, 'http'),
  };
  addMethod(attributes, head.method);
  addAddress(attributes, 'server', head.authority);
  attributes['server.port'] ??= 80;
  addAddress(attributes, 'network.peer', host);
  if (attempt > 0) {
    attributes['http.request.resend_count'] = attempt;
  }
  return attributes;
}

/** `status` is 0 if there was none. An error is any 5xx, and else what `failure` says. */
export function statusAttributes(status: number, failure: string | undefined): Attributes {
  const error = status >= 500 ? String(status) : failure;
  const attributes: Attributes = { 'http.status_code': status };
  if (status !== 0) {
    attributes['http.response.status_code'] = status;
  }
  if (error !== undefined) {
    attributes['error'] = true;
    attributes['error.type'] = error;
  }
  return attributes;
}

/** Some of what is a header to whoever configures is none here. */
function headerOf(head: RequestHead, name: string): string | undefined {
  switch (name) {
    case 'host':
    case ':authority':
      return head.authority;
    case ':method':
      return head.method;
    case ':path':
      return head.path;
    default:
      return getHeader(head.headers, name);
  }
}

function commonAttributes(head: RequestHead, protocol: RequestInfo['protocol']): Attributes {
  const attributes: Attributes = { 'network.protocol.version': protocol.slice('HTTP/'.length) };
  addMethod(attributes, head.method);
  addAddress(attributes, 'server', head.authority);
  const userAgent = getHeader(head.headers, 'user-agent');
  if (userAgent !== undefined) {
    attributes['user_agent.original'] = fromByteString(userAgent);
  }
  return attributes;
}

function addMethod(attributes: Attributes, method: string): void {
  const isKnown = knownMethods.has(method);
  attributes['http.request.method'] = isKnown ? method : '_OTHER';
  if (!isKnown) {
    attributes['http.request.method_original'] = method;
  }
}

/** Adds `host` or `host:port` in two attributes; IPv6 addresses without their brackets. */
function addAddress(
  attributes: Attributes,
  prefix: 'server' | 'network.peer',
  authority: string,
): void {
  const [, bracketed, host = authority, port] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(authority) ?? [];
  attributes[`${prefix}.address`] = fromByteString(bracketed ?? host);
  if (port !== undefined) {
    attributes[`${prefix}.port`] = Number(port);
  }
}

function urlOf({ authority, path }: RequestHead, scheme: string): string {
  return `${scheme}://${fromByteString(authority)}${fromByteString(path)}`;
}

/** The header rules have written it. */
function schemeOf({ headers }: RequestHead): string {
  return getHeader(headers, 'x-forwarded-proto') ?? 'http';
}
