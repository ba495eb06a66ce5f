/**
 * Why a response is what it is: reference 3.7. One bit each, so that a request carries its flags
 * as one number.
 */
export const responseFlag = {
  failedLocalHealthCheck: 1 << 0,
  noHealthyUpstream: 1 << 1,
  upstreamRequestTimeout: 1 << 2,
  localReset: 1 << 3,
  upstreamRemoteReset: 1 << 4,
  upstreamConnectionFailure: 1 << 5,
  upstreamConnectionTermination: 1 << 6,
  upstreamOverflow: 1 << 7,
  noRouteFound: 1 << 8,
  delayInjected: 1 << 9,
  faultInjected: 1 << 10,
  rateLimited: 1 << 11,
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
