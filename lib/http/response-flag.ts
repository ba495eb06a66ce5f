/**
 * Why a response is what it is: reference 3.7. One bit each, so that a request carries its flags
 * as one number.
 */
export const responseFlag = {
  failedLocalHealthCheck: 1,
  noHealthyUpstream: 2,
  upstreamRequestTimeout: 4,
  localReset: 8,
  upstreamRemoteReset: 16,
  upstreamConnectionFailure: 32,
  upstreamConnectionTermination: 64,
  upstreamOverflow: 128,
  noRouteFound: 256,
  delayInjected: 512,
  faultInjected: 1024,
  rateLimited: 2048,
} as const;

/** In the order in which they are joined: the order of the bits. */
const abbreviations = ['LH', 'UH', 'UT', 'LR', 'UR', 'UF', 'UC', 'UO', 'NR', 'DI', 'FI', 'RL'];

/** Returns the flags as the access log shows them: joined by `,`, or `-` if there are none. */
export function formatResponseFlags(flags: number): string {
  if (flags === 0) {
    return '-';
  }
  return abbreviations.filter((_, bit) => (flags & (1 << bit)) !== 0).join(',');
}
