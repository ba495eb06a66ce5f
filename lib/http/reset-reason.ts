import { responseFlag } from './response-flag.js';

/**
 * Why an attempt ended without a complete response.
 *
 * - `connect-failure`, `connect-timeout`: no connection; the host has seen nothing of the request.
 * - `overflow`: a circuit breaker refused; nothing was sent.
 * - `connection-termination`: the connection ended, or spoke something that is not HTTP, before the
 *   response was complete; the host may have seen the request.
 * - `remote-reset`: the host reset this one stream.
 * - `refused-stream`: the host has not looked at the request, and says so; only HTTP/2 knows that.
 * - `local-reset`: we gave up, or the application behind a mounted cluster failed.
 */
export type ResetReason =
  | 'connect-failure'
  | 'connect-timeout'
  | 'overflow'
  | 'connection-termination'
  | 'remote-reset'
  | 'refused-stream'
  | 'local-reset';

/** Returns the bit of `responseFlag` that goes with `reason`: reference 3.4. */
export function flagOfReset(reason: ResetReason): number {
  switch (reason) {
    case 'connect-failure':
    case 'connect-timeout':
      return responseFlag.upstreamConnectionFailure;
    case 'overflow':
      return responseFlag.upstreamOverflow;
    case 'connection-termination':
      return responseFlag.upstreamConnectionTermination;
    case 'remote-reset':
    case 'refused-stream':
      return responseFlag.upstreamRemoteReset;
    case 'local-reset':
      return responseFlag.localReset;
  }
}
