import type { Clock } from '../base/clock.js';
import { localAddress } from '../base/ip-address.js';
import type { Logger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { ConnectionManagerConfig } from '../config/connection-manager-config.js';
import type { FilterFactory } from '../http/filter.js';
import type { ServerState } from '../http/server-state.js';
import type { ResponseEncoder } from '../http/stream.js';
import type { RouteMatch } from '../router/route-table.js';
import type { AccessLog } from '../telemetry/access-log/access-log.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { ListenerHttpStats } from '../telemetry/stats/listener-http-stats.js';
import { ActiveStream, type StreamProtocol } from './active-stream.js';
import { DownstreamConnection } from './downstream-connection.js';
import type { HeaderRules } from './forwarded-headers.js';

/** What a connection manager is made of. */
export interface ConnectionManagerContext {
  readonly config: ConnectionManagerConfig;
  readonly routeTable: RouteMatch;
  /** One for each entry of the filter chain; the last makes routers. */
  readonly filterFactories: readonly FilterFactory[];
  readonly accessLogs: readonly AccessLog[];
  readonly stats: ConnectionManagerStats;
  readonly listenerStats: ListenerHttpStats;
  readonly serverState: ServerState;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly serviceCluster: string;
  readonly serviceNode: string;
}

/**
 * The HTTP half of a listener: turns what a codec reads into requests on their way through the
 * filters, and brings the responses back to the codec.
 */
export class ConnectionManager {
  readonly context: ConnectionManagerContext;
  readonly headerRules: HeaderRules;
  readonly #localAddress: string = localAddress();
  #hasReportedError = false;

  constructor(context: ConnectionManagerContext) {
    this.context = context;
    const { config, random, serviceCluster, serviceNode } = context;
    const internalOnlyHeaders = new Set(config.routeConfig.internalOnlyHeaders);
    this.headerRules = { config, random, serviceCluster, serviceNode, internalOnlyHeaders };
  }

  /** Whether responses are to end their connections: reference 5.11. */
  get isDraining(): boolean {
    const { serverState } = this.context;
    return serverState.isDraining || serverState.healthcheckFailed;
  }

  /** Describes a new connection; counting it is the listener's part. */
  createConnection(remoteAddress: string, isTls: boolean): DownstreamConnection {
    return new DownstreamConnection(remoteAddress, this.#localAddress, isTls);
  }

  /** Begins a request: the codec calls the stream, and the stream answers by `encoder`. */
  newStream(
    encoder: ResponseEncoder,
    connection: DownstreamConnection,
    protocol: StreamProtocol,
  ): ActiveStream {
    return new ActiveStream(this, encoder, connection, protocol);
  }

  /** Says once that something of ours is broken; the request at hand has been ended. */
  reportInternalError(error: unknown): void {
    if (!this.#hasReportedError) {
      this.#hasReportedError = true;
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.context.log.error(`internal error, said once for this listener: ${detail}`);
    }
  }
}
