import type { RequestInfo } from '../../lib/http/request-info.js';

/** What is known of an ordinary request, with the parts that a test cares about replaced. */
export function createRequestInfo(parts: Partial<RequestInfo> = {}): RequestInfo {
  return {
    startWallMs: Date.UTC(2016, 3, 15, 20, 17, 0, 310),
    durationMs: 226.9,
    requestHead: {
      method: 'POST',
      path: '/api/v1/locations',
      authority: 'locations',
      headers: [
        'x-forwarded-for',
        '10.0.35.28',
        'user-agent',
        'nsq2http',
        'x-request-id',
        'cc21d9b0',
      ],
    },
    clientAddress: '10.0.35.28',
    clientPort: 0,
    localAddress: '10.0.0.9:80',
    isHealthCheck: false,
    stableRandom: 0,
    responseHeaders: ['content-type', 'text/plain', 'x-envoy-upstream-service-time', '100'],
    responseCode: 204,
    responseFlags: 0,
    protocol: 'HTTP/1.1',
    bytesReceived: 154,
    bytesSent: 0,
    upstreamHost: '10.0.2.1:80',
    upstreamCluster: 'locations',
    details: undefined,
    ...parts,
  };
}
