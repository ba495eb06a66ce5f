import { localAddress } from '../base/ip-address.js';
import type { ResponseEncoder } from '../http/stream.js';
import { ActiveStream, type StreamProtocol } from './active-stream.js';
import type { ConnectionManagerContext, StreamOwner } from './connection-manager-context.js';
import { DownstreamConnection } from './downstream-connection.js';
import type { HeaderRules } from './forwarded-headers.js';
import { CustomResponseHeaders } from './response-headers.js';

/**
 * The HTTP half of a listener: turns what a codec reads into requests on their way through the
 * filters, and brings the responses back to the codec.
 */
export class ConnectionManager implements StreamOwner {
  readonly context: ConnectionManagerContext;
  readonly headerRules: HeaderRules;
  readonly customResponseHeaders: CustomResponseHeaders | undefined;
  readonly #localAddress: string = localAddress();
  #hasReportedError = false;

  constructor(context: ConnectionManagerContext) {
    this.context = context;
    const { config, random, serviceCluster, serviceNode } = context;
    const internalOnlyHeaders = new Set(config.routeConfig.internalOnlyHeaders);
    this.headerRules = { config, random, serviceCluster, serviceNode, internalOnlyHeaders };
    const custom = new CustomResponseHeaders(config.routeConfig);
    this.customResponseHeaders = custom.isEmpty ? undefined : custom;
  }

  /** Whether responses are to end their connections: reference 5.11. */
  get isDraining(): boolean {
    const { serverState } = this.context;
    return serverState.isDraining || serverState.healthcheckFailed;
  }

  /** Describes a new connection; counting it is the listener's part. */
  createConnection(remoteAddress: string, isTls: boolean, localAddress = ''): DownstreamConnection {
    return new DownstreamConnection(remoteAddress, this.#localAddress, isTls, localAddress);
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
