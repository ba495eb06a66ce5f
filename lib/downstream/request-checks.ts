import type { RequestHead } from '../http/message.js';
import type { RequestInfo } from '../http/request-info.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';

/**
 * The checks of a request before anything else is done with it: reference 3.4. Returns the status
 * that it is answered with, or `undefined` if it may go on.
 */
export function refuseRequest(
  head: RequestHead,
  protocol: RequestInfo['protocol'],
  stats: ConnectionManagerStats,
): number | undefined {
  if (protocol === 'HTTP/1.0') {
    return 426;
  }
  if (head.authority === '') {
    return 400;
  }
  if (!head.path.startsWith('/')) {
    stats.downstreamRqNonRelativePath++;
    return 404;
  }
  return undefined;
}
