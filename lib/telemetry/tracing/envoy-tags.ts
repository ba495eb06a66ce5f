import type { Attributes } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import { getHeader } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';
import { formatResponseFlags } from '../../http/response-flag.js';
import { redactQuery } from './redact-query.js';
import { schemeOf } from './span-attributes.js';

/** Envoy's tag `http.url` shows so much of the path. */
const maxTaggedPathLength = 128;

/** What Envoy tags the span of a request with when it begins: reference 5.9. */
export function requestTags(head: RequestHead, protocol: RequestInfo['protocol']): Attributes {
  const { headers } = head;
  const value = (name: string): string => fromByteString(getHeader(headers, name) || '-');
  const path = redactQuery(fromByteString(head.path)).slice(0, maxTaggedPathLength);
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
 * What Envoy tags it with when it is over. `headersForTags` are names in lower case:
 * `request_headers_for_tags`.
 */
export function finalTags(info: RequestInfo, headersForTags: readonly string[]): Attributes {
  const tags: Attributes = {
    request_size: info.bytesReceived,
    response_size: info.bytesSent,
    response_flags: formatResponseFlags(info.responseFlags),
  };
  if (info.upstreamCluster !== undefined && info.upstreamCluster !== '') {
    tags['upstream_cluster'] = fromByteString(info.upstreamCluster);
  }
  for (const name of headersForTags) {
    const value = headerOf(info.requestHead, name);
    if (value !== undefined) {
      tags[name] = fromByteString(value);
    }
  }
  return tags;
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
