import { getHeader, type HeaderList } from '../http/headers.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { UserAgentStats } from '../telemetry/stats/user-agent-stats.js';

/**
 * Returns the statistics of the platform that a client names in `user-agent`; `undefined` if it is
 * none that is counted. Upper and lower case count, as in Envoy.
 */
export function chooseUserAgentStats(
  headers: HeaderList,
  stats: ConnectionManagerStats,
): UserAgentStats | undefined {
  const userAgent = getHeader(headers, 'user-agent');
  if (userAgent === undefined) {
    return undefined;
  }
  if (userAgent.includes('iOS')) {
    return stats.ios;
  }
  return userAgent.includes('android') ? stats.android : undefined;
}
