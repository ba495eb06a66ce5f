import { IdleWaiters } from '../base/idle-waiters.js';
import { localAddress } from '../base/ip-address.js';
import type { ConnectionManagerTracingConfig } from '../config/connection-manager-config.js';
import type { RouteTableConfig } from '../config/route-table-config.js';
import type { ResponseEncoder } from '../http/stream.js';
import { chargeResponseClass } from '../telemetry/stats/response-class.js';
import type { Tracing } from '../telemetry/tracing/tracing.js';
import { ActiveStream } from './active-stream.js';
import type { ConnectionManagerContext, StreamOwner } from './connection-manager-context.js';
import { DownstreamConnection } from './downstream-connection.js';
import type { HeaderRules } from './forwarded-headers.js';
import { CustomResponseHeaders } from './response-headers.js';
import type { StreamProtocol } from './stream-record.js';

/**
 * The HTTP half of a listener: turns what a codec reads into requests on their way through the
 * filters, and brings the responses back to the codec.
 */
export class ConnectionManager implements StreamOwner {
  context: ConnectionManagerContext;
  readonly keepsDetails: boolean;
  readonly #localAddress: string = localAddress();
  #tableRules: TableRules;
  readonly #waiters: IdleWaiters = new IdleWaiters();
  #activeStreams = 0;
  #isRetired = false;
  /** Set when it takes the place of another, or is retired. */
  #succession: Succession | undefined = undefined;
  #hasReportedError = false;

  constructor(context: ConnectionManagerContext) {
    this.context = context;
    this.keepsDetails = context.accessLogs.some((accessLog) => accessLog.showsDetails);
    this.#tableRules = createTableRules(context, context.config.routeConfig);
  }

  get headerRules(): HeaderRules {
    return this.#currentRules().headerRules;
  }

  get customResponseHeaders(): CustomResponseHeaders | undefined {
    return this.#currentRules().customResponseHeaders;
  }

  /** Whether responses are to end their connections: reference 5.11. */
  get isDraining(): boolean {
    const { serverState } = this.context;
    return serverState.isDraining || serverState.healthcheckFailed || this.#isRetired;
  }

  /** How many requests are under way. */
  get activeStreams(): number {
    return this.#activeStreams;
  }

  /**
   * Every connection ends behind its next response. Requests that come before are served by
   * `successor`, if another manager has taken the place of this one: what the routes of this one name
   * may be gone.
   */
  retire(successor?: ConnectionManager): void {
    this.#isRetired = true;
    this.#succession ??= { current: this };
    if (successor !== undefined) {
      this.#succession.current = successor;
      successor.#succession ??= this.#succession;
    }
  }

  /** Resolves when no request is under way. */
  whenIdle(): Promise<void> {
    return this.#waiters.wait(this.#activeStreams === 0);
  }

  /**
   * Has requests traced as `config` says, from the next one on. For outbound calls, which are traced
   * where anything is; listeners say it for themselves.
   */
  traceFromNow(tracing: Tracing, config: ConnectionManagerTracingConfig): void {
    const { tunnels } = this.context;
    this.context = {
      ...this.context,
      config: { ...this.context.config, tracing: config },
      tunnels: tunnels && { ...tunnels, tracing },
      tracer: tracing.createTracer(config, true),
    };
    this.#tableRules = createTableRules(this.context, this.#tableRules.routeConfig);
  }

  /** Describes a new connection; counting it is the listener's part. */
  createConnection(
    remoteAddress: string,
    isTls: boolean,
    localAddress = '',
    remotePort = 0,
    clientCertificate?: string,
  ): DownstreamConnection {
    const ownAddress = this.#localAddress;
    return new DownstreamConnection(
      remoteAddress,
      ownAddress,
      isTls,
      localAddress,
      remotePort,
      clientCertificate,
    );
  }

  /** Begins a request: the codec calls the stream, and the stream answers by `encoder`. */
  newStream(
    encoder: ResponseEncoder,
    connection: DownstreamConnection,
    protocol: StreamProtocol,
  ): ActiveStream {
    if (this.#isRetired) {
      connection.isRetired = true;
      const current = this.#succession?.current;
      if (current !== undefined && current !== this) {
        return current.newStream(encoder, connection, protocol);
      }
    }
    this.#activeStreams++;
    return new ActiveStream(this, encoder, connection, protocol);
  }

  onStreamEnd(): void {
    this.context.stats.downstreamRqActive--;
    this.#activeStreams--;
    if (this.#activeStreams === 0) {
      this.#waiters.release();
    }
  }

  /** Counts an answer to `Expect: 100-continue`: reference 3.8. */
  onContinueSent(): void {
    chargeResponseClass(this.context.stats, 100);
    chargeResponseClass(this.context.listenerStats, 100);
  }

  /** Says once that something of ours is broken; the request at hand has been ended. */
  reportInternalError(error: unknown): void {
    if (!this.#hasReportedError) {
      this.#hasReportedError = true;
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.context.log.error(`internal error, said once for this listener: ${detail}`);
    }
  }

  /** A table that is discovered may have been replaced. */
  #currentRules(): TableRules {
    const { routeTable } = this.context;
    const routeConfig = routeTable.config;
    if (routeConfig !== undefined && routeConfig !== this.#tableRules.routeConfig) {
      this.#tableRules = createTableRules(this.context, routeConfig);
    }
    return this.#tableRules;
  }
}

/**
 * Managers that have taken each other's place, one after the other. All of them know the last one, but
 * none the next, or an old connection would hold everything that has been there since.
 */
interface Succession {
  current: ConnectionManager;
}

/** What a route table says about headers of all its requests and responses. */
interface TableRules {
  readonly routeConfig: RouteTableConfig;
  readonly headerRules: HeaderRules;
  readonly customResponseHeaders: CustomResponseHeaders | undefined;
}

function createTableRules(
  { config, random, runtime, serviceCluster, serviceNode }: ConnectionManagerContext,
  routeConfig: RouteTableConfig,
): TableRules {
  const internalOnlyHeaders = new Set(routeConfig.internalOnlyHeaders);
  const custom = new CustomResponseHeaders(routeConfig);
  return {
    routeConfig,
    headerRules: { config, random, runtime, serviceCluster, serviceNode, internalOnlyHeaders },
    customResponseHeaders: custom.isEmpty ? undefined : custom,
  };
}
