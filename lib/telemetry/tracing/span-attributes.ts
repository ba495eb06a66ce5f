import type { Attributes } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import { getHeader } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';
import type { AttemptTarget } from '../../http/request-trace.js';
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

/** `host:port`, IPv6 addresses in brackets. */
const addressPattern = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/;

/** The semantic conventions of OpenTelemetry for a request that comes in; also for samplers. */
export function serverAttributes(head: RequestHead, protocol: RequestInfo['protocol']): Attributes {
  const attributes = commonAttributes(head, protocol);
  const path = redactQuery(fromByteString(head.path));
  const end = path.indexOf('?');
  attributes['url.scheme'] = schemeOf(head);
  attributes['url.path'] = end === -1 ? path : path.slice(0, end);
  if (end !== -1) {
    attributes['url.query'] = path.slice(end + 1);
  }
  return attributes;
}

/** The same for a request that goes out. */
export function clientAttributes(head: RequestHead, protocol: RequestInfo['protocol']): Attributes {
  const scheme = schemeOf(head);
  const attributes = commonAttributes(head, protocol);
  // Required of this kind of span.
  attributes['server.port'] ??= defaultPort(scheme);
  attributes['url.full'] = urlOf(head, scheme);
  return attributes;
}

/** The conventions for one attempt. `attempt` counts from 0. */
export function attemptAttributes(
  head: RequestHead,
  { cluster, host, isTls }: AttemptTarget,
  attempt: number,
): Attributes {
  // What the client speaks to us is another matter.
  const scheme = isTls ? 'https' : 'http';
  const attributes: Attributes = {
    component: 'proxy',
    upstream_cluster: fromByteString(cluster),
    'url.full': urlOf(head, scheme),
    ...hostAttributes(host),
  };
  addMethod(attributes, head.method);
  addAddress(attributes, 'server', head.authority);
  attributes['server.port'] ??= defaultPort(scheme);
  if (attempt > 0) {
    attributes['http.request.resend_count'] = attempt;
  }
  return attributes;
}

/** Who has sent a request that comes in, and for whom. */
export function originAttributes(request: TracedRequest): Attributes {
  const { clientAddress, peerAddress, peerPort } = request;
  const attributes: Attributes = {};
  if (clientAddress !== '') {
    attributes['client.address'] = clientAddress;
  }
  if (peerAddress !== '') {
    attributes['network.peer.address'] = peerAddress;
    attributes['network.peer.port'] = peerPort;
  }
  return attributes;
}

/** To whom a request has gone. `host` is `ip:port`, a path, or the name of what has no address. */
export function hostAttributes(host: string | undefined): Attributes {
  const attributes: Attributes = {};
  if (host !== undefined && (host[0] === '/' || addressPattern.exec(host)?.[3] !== undefined)) {
    addAddress(attributes, 'network.peer', host);
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
  const [, bracketed, host = authority, port] = addressPattern.exec(authority) ?? [];
  attributes[`${prefix}.address`] = fromByteString(bracketed ?? host);
  if (port !== undefined) {
    attributes[`${prefix}.port`] = Number(port);
  }
}

function defaultPort(scheme: string): number {
  return scheme === 'https' ? 443 : 80;
}

function urlOf({ authority, path }: RequestHead, scheme: string): string {
  return `${scheme}://${fromByteString(authority)}${redactQuery(fromByteString(path))}`;
}

/** Returns what the header rules have found out. */
export function schemeOf({ headers }: RequestHead): string {
  return getHeader(headers, 'x-forwarded-proto') ?? 'http';
}
