import { isIP } from 'node:net';
import { isInternalAddress } from '../base/ip-address.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { ConnectionManagerConfig } from '../config/connection-manager-config.js';
import { type HeaderList, hasHeader, setHeader } from '../http/headers.js';
import type { DownstreamConnection } from './downstream-connection.js';
import { decideTrace } from './trace-decision.js';

/** What the header rules found out about a request. */
export interface RequestOrigin {
  /** Reference 5.2: a single internal address, or an internal peer that forwards for nobody. */
  isInternal: boolean;
  /** Whether headers `x-envoy-...` are left for the router to look at. */
  hasEnvoyHeaders: boolean;
  /** Whether the peer asked for the request id in the response. */
  isTraceForced: boolean;
  /** Whether the connection was to be upgraded to WebSocket. */
  isWebSocketUpgrade: boolean;
  /** `x-forwarded-for` as it came; several fields as one list. */
  forwardedFor: string | undefined;
}

/** What the rules need beside the request. */
export interface HeaderRules {
  readonly config: ConnectionManagerConfig;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  /** `internal_only_headers` of the route table. */
  readonly internalOnlyHeaders: ReadonlySet<string>;
}

/** What `node:http` takes for an expectation that it answers; any other is the host's to answer. */
export const continueExpectation: RegExp = /(?:^|\W)100-continue(?:$|\W)/i;

/** Steers the router, so it is taken from every request that is not internal: reference 5.7. */
const internalControlHeaders: ReadonlySet<string> = new Set([
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
]);

/** Taken from what comes in at the edge, in addition: reference 5.7. */
const edgeControlHeaders: ReadonlySet<string> = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
]);

/**
 * Applies the rules of reference 5.1 to the headers of a request, in place, and tells where the
 * request comes from. One pass over the headers in the common case.
 */
export function applyRequestHeaderRules(
  headers: HeaderList,
  connection: DownstreamConnection,
  rules: HeaderRules,
): RequestOrigin {
  const { config } = rules;
  let forwardedFor: string | undefined;
  let forwardedProto: string | undefined;
  let requestId: string | undefined;
  let hasUserAgent = false;
  let hasEnvoyHeaders = false;
  let upgrade: string | undefined;
  let connectionOptions = '';
  let clientCertificates: string | undefined;
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    switch (name) {
      case 'upgrade':
        upgrade = value;
        continue;
      case 'connection':
        connectionOptions += `,${value}`;
        continue;
      case 'keep-alive':
      case 'proxy-connection':
      case 'transfer-encoding':
      case 'x-envoy-internal':
        // Of this connection, not of the request: reference 5.5.
        continue;
      case 'expect':
        if (continueExpectation.test(value)) {
          // It has been answered: reference 3.8.
          continue;
        }
        break;
      case 'x-forwarded-client-cert':
        if (keepsClientCertificate(config, connection)) {
          break;
        }
        clientCertificates =
          clientCertificates === undefined ? value : `${clientCertificates},${value}`;
        continue;
      case 'x-forwarded-for':
        // Several fields are one list; it is put back below.
        forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`;
        continue;
      case 'x-forwarded-proto':
        forwardedProto ??= value;
        continue;
      case 'x-request-id':
        requestId ??= value;
        continue;
      case 'user-agent':
        hasUserAgent ||= value !== '';
        break;
      default:
        if (name.startsWith('x-envoy-')) {
          hasEnvoyHeaders = true;
        }
    }
    headers[kept] = name;
    headers[kept + 1] = value;
    kept += 2;
  }
  if (kept < headers.length) {
    headers.length = kept;
  }

  const isInternal = isInternalRequest(config, connection, forwardedFor);
  const isEdge = config.useRemoteAddress && !isInternal;
  let isTraceForced = false;
  if (!isInternal && (hasEnvoyHeaders || rules.internalOnlyHeaders.size > 0)) {
    removeUntrusted(headers, isEdge, rules.internalOnlyHeaders);
  } else if (hasEnvoyHeaders) {
    isTraceForced = hasHeader(headers, 'x-envoy-force-trace');
  }
  addForwarded(headers, connection, config, forwardedFor, forwardedProto);
  if (isInternal) {
    headers.push('x-envoy-internal', 'true');
  } else if (isEdge && connection.remoteAddress !== '') {
    setHeader(headers, 'x-envoy-external-address', connection.remoteAddress);
  }
  if (config.addUserAgent) {
    addServiceHeaders(headers, rules, hasUserAgent);
  }
  if (config.generateRequestId && (isEdge || requestId === undefined)) {
    requestId = rules.random.uuid();
  }
  if (requestId !== undefined) {
    const { runtime, random } = rules;
    const isMarked = config.tracing !== undefined;
    headers.push(
      'x-request-id',
      isMarked ? decideTrace(requestId, headers, runtime, random) : requestId,
    );
  }
  if (connection.clientCertificate !== undefined) {
    addClientCertificate(headers, config, connection.clientCertificate, clientCertificates);
  }
  return {
    isInternal,
    hasEnvoyHeaders: isInternal && hasEnvoyHeaders,
    isTraceForced,
    isWebSocketUpgrade: upgrade !== undefined && isWebSocket(upgrade, connectionOptions),
    forwardedFor,
  };
}

/** Whether `x-forwarded-client-cert` passes as it came: reference 5.10. */
function keepsClientCertificate(
  { forwardClientCert }: ConnectionManagerConfig,
  { clientCertificate }: DownstreamConnection,
): boolean {
  // Only a peer that has shown a certificate is believed, unless it is said otherwise.
  return (
    forwardClientCert === 'always_forward_only' ||
    (forwardClientCert === 'forward_only' && clientCertificate !== undefined)
  );
}

/** Tells of the peer itself, behind what it tells of those before it if that is to be kept. */
function addClientCertificate(
  headers: HeaderList,
  { forwardClientCert }: ConnectionManagerConfig,
  own: string,
  before: string | undefined,
): void {
  if (forwardClientCert === 'sanitize_set') {
    headers.push('x-forwarded-client-cert', own);
  } else if (forwardClientCert === 'append_forward') {
    // An empty field says nothing of anybody.
    const list = before === undefined || before === '' ? own : `${before},${own}`;
    headers.push('x-forwarded-client-cert', list);
  }
}

/** Reference 2.7: the header alone is not enough, the connection must be asked for it too. */
function isWebSocket(upgrade: string, connectionOptions: string): boolean {
  return upgrade.toLowerCase() === 'websocket' && /,\s*upgrade\s*(,|$)/i.test(connectionOptions);
}

function isInternalRequest(
  config: ConnectionManagerConfig,
  connection: DownstreamConnection,
  forwardedFor: string | undefined,
): boolean {
  if (config.useRemoteAddress) {
    return forwardedFor === undefined && connection.isInternalPeer;
  }
  // Without the header the request is external, whatever the peer: reference 5.2.
  return forwardedFor !== undefined && isInternalAddress(forwardedFor.trim());
}

/**
 * Whom a trusted peer says it speaks for: reference 5.2. `undefined` if it is the peer itself that
 * counts. `forwardedFor` is that of the `RequestOrigin`, which no filter can change.
 */
export function forwardedClientAddress(
  { useRemoteAddress }: ConnectionManagerConfig,
  forwardedFor: string | undefined,
): string | undefined {
  if (useRemoteAddress || forwardedFor === undefined) {
    return undefined;
  }
  const last = forwardedFor.slice(forwardedFor.lastIndexOf(',') + 1).trim();
  return isIP(last) === 0 ? undefined : last;
}

function addForwarded(
  headers: HeaderList,
  connection: DownstreamConnection,
  config: ConnectionManagerConfig,
  forwardedFor: string | undefined,
  forwardedProto: string | undefined,
): void {
  const proto = connection.isTls ? 'https' : 'http';
  if (config.useRemoteAddress) {
    const own = connection.forwardedFor;
    const list = joinForwarded(forwardedFor, own);
    if (list !== '') {
      headers.push('x-forwarded-for', list);
    }
    headers.push('x-forwarded-proto', proto);
    return;
  }
  if (forwardedFor !== undefined) {
    headers.push('x-forwarded-for', forwardedFor);
  }
  headers.push('x-forwarded-proto', forwardedProto ?? proto);
}

function joinForwarded(forwardedFor: string | undefined, own: string): string {
  if (forwardedFor === undefined) {
    return own;
  }
  return own === '' ? forwardedFor : `${forwardedFor}, ${own}`;
}

function addServiceHeaders(headers: HeaderList, rules: HeaderRules, hasUserAgent: boolean): void {
  setHeader(headers, 'x-envoy-downstream-service-cluster', rules.serviceCluster);
  if (!hasUserAgent) {
    setHeader(headers, 'user-agent', rules.serviceCluster);
  }
  if (rules.serviceNode !== '') {
    setHeader(headers, 'x-envoy-downstream-service-node', rules.serviceNode);
  }
}

function removeUntrusted(
  headers: HeaderList,
  isEdge: boolean,
  internalOnlyHeaders: ReadonlySet<string>,
): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const isRemoved =
      internalControlHeaders.has(name) ||
      internalOnlyHeaders.has(name) ||
      (isEdge && edgeControlHeaders.has(name));
    if (!isRemoved) {
      headers[kept] = name;
      headers[kept + 1] = headers[i + 1] as string;
      kept += 2;
    }
  }
  if (kept < headers.length) {
    headers.length = kept;
  }
}
