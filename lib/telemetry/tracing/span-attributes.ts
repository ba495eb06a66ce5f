import type { Attributes } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import { getHeader } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';
import type { AttemptTarget } from '../../http/request-trace.js';
import { readAuthority } from './authority.js';
import { redactQuery } from './redact-query.js';
import type { TracedRequest } from './traced-request.js';

/** What is none of these is anybody's word, and stands beside `_OTHER`. */
const knownMethods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);

/**
 * What the span of a request that comes in is made with: all that samplers should see by the semantic
 * conventions of OpenTelemetry, and nothing else, as most of these spans may not be recorded.
 */
export function serverAttributes(head: RequestHead, clientAddress: string): Attributes {
  const { address, port } = readAuthority(head.authority);
  const path = redactQuery(fromByteString(head.path));
  const end = path.indexOf('?');
  const attributes: Attributes = {
    'http.request.method': shownMethod(head.method),
    'url.scheme': schemeOf(head),
    'url.path': end === -1 ? path : path.slice(0, end),
    'server.address': address,
  };
  if (port !== undefined) {
    attributes['server.port'] = port;
  }
  if (end !== -1) {
    attributes['url.query'] = path.slice(end + 1);
  }
  if (clientAddress !== '') {
    attributes['client.address'] = clientAddress;
  }
  addUserAgent(attributes, head);
  addOriginalMethod(attributes, head);
  return attributes;
}

/** The same for a request that goes out. */
export function clientAttributes(head: RequestHead): Attributes {
  return outgoingAttributes(head, schemeOf(head));
}

/** The same for one attempt. `attempt` counts from 0. */
export function attemptAttributes(head: RequestHead, isTls: boolean, attempt: number): Attributes {
  // What the client speaks to us is another matter.
  const attributes = outgoingAttributes(head, isTls ? 'https' : 'http');
  if (attempt > 0) {
    attributes['http.request.resend_count'] = attempt;
  }
  return attributes;
}

/** What is said of a request that comes in beside `serverAttributes`, if it is recorded. */
export function originAttributes({ protocol, peerAddress, peerPort }: TracedRequest): Attributes {
  const attributes: Attributes = { 'network.protocol.version': versionOf(protocol) };
  if (peerAddress !== '') {
    attributes['network.peer.address'] = peerAddress;
    attributes['network.peer.port'] = peerPort;
  }
  return attributes;
}

/** What is said of a request that goes out beside `clientAttributes`, if it is recorded. */
export function callAttributes({ requestHead, protocol }: TracedRequest): Attributes {
  const attributes: Attributes = { 'network.protocol.version': versionOf(protocol) };
  addUserAgent(attributes, requestHead);
  return attributes;
}

/** What is said of an attempt beside `attemptAttributes`, if it is recorded. */
export function targetAttributes({ cluster, host }: AttemptTarget): Attributes {
  return {
    component: 'proxy',
    upstream_cluster: fromByteString(cluster),
    ...hostAttributes(host),
  };
}

/** To whom a request has gone. `host` is `ip:port`, a path, or the name of what has no address. */
export function hostAttributes(host: string | undefined): Attributes {
  const attributes: Attributes = {};
  if (host?.[0] === '/') {
    attributes['network.peer.address'] = fromByteString(host);
  } else if (host !== undefined) {
    const { address, port } = readAuthority(host);
    if (port !== undefined) {
      attributes['network.peer.address'] = address;
      attributes['network.peer.port'] = port;
    }
  }
  return attributes;
}

/**
 * What became of a request, as Envoy and OpenTelemetry have it. `status` is 0 if there was none.
 * `failure` says what went wrong, if it is not the status. To a client every 4xx is an error as
 * well; Envoy's own tag `error` is for 5xx, and for what has failed.
 */
export function statusAttributes(
  status: number,
  failure: string | undefined,
  isClient: boolean,
): Attributes {
  const error = status >= 500 ? String(status) : failure;
  const attributes: Attributes = { 'http.status_code': status };
  if (status !== 0) {
    attributes['http.response.status_code'] = status;
  }
  if (error !== undefined) {
    attributes['error'] = true;
    attributes['error.type'] = error;
  } else if (isClient && status >= 400) {
    attributes['error.type'] = String(status);
  }
  return attributes;
}

function outgoingAttributes(head: RequestHead, scheme: string): Attributes {
  const { text, address, port } = readAuthority(head.authority);
  const attributes: Attributes = {
    'http.request.method': shownMethod(head.method),
    'url.full': `${scheme}://${text}${redactQuery(fromByteString(head.path))}`,
    'server.address': address,
    // Required of this kind of span.
    'server.port': port ?? defaultPort(scheme),
  };
  addOriginalMethod(attributes, head);
  return attributes;
}

function shownMethod(method: string): string {
  return knownMethods.has(method) ? method : '_OTHER';
}

function addOriginalMethod(attributes: Attributes, { method }: RequestHead): void {
  if (!knownMethods.has(method)) {
    attributes['http.request.method_original'] = method;
  }
}

function addUserAgent(attributes: Attributes, { headers }: RequestHead): void {
  const userAgent = getHeader(headers, 'user-agent');
  if (userAgent !== undefined) {
    attributes['user_agent.original'] = fromByteString(userAgent);
  }
}

function versionOf(protocol: RequestInfo['protocol']): string {
  return protocol.slice('HTTP/'.length);
}

function defaultPort(scheme: string): number {
  return scheme === 'https' ? 443 : 80;
}

/** Returns what the header rules have found out. */
export function schemeOf({ headers }: RequestHead): string {
  return getHeader(headers, 'x-forwarded-proto') ?? 'http';
}
