import type { FilterFactory, MatchedRoute } from '../../http/filter.js';
import type { RawConnection } from '../../http/raw-connection.js';
import { Route } from '../../router/route.js';
import type { ConnectionManagerStats } from '../../telemetry/stats/connection-manager-stats.js';
import { type TunnelContext, WebSocketTunnel } from './websocket-tunnel.js';

/**
 * Says what becomes of a WebSocket handshake that a route matched: what is run in the place of the
 * filters, or the status that it is refused with. A redirect is a route without `use_websocket`.
 */
export function answerHandshake(
  route: MatchedRoute,
  raw: RawConnection | undefined,
  context: TunnelContext | undefined,
  stats: ConnectionManagerStats,
): FilterFactory | number {
  if (context === undefined || !(route instanceof Route) || !takesWebSocket(route)) {
    stats.downstreamRqWsOnNonWsRoute++;
    return 403;
  }
  if (raw === undefined) {
    // It has a body or another method than GET, or came before the answer to the one before it.
    return 400;
  }
  return (callbacks) => new WebSocketTunnel(context, stats, callbacks, raw, route);
}

function takesWebSocket({ config: { action } }: Route): boolean {
  return action.kind === 'forward' && action.useWebsocket;
}
