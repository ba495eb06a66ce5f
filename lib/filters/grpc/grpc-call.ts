import type { FilterCallbacks } from '../../http/filter.js';
import { getHeader, type HeaderList } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { ClusterStats, GrpcProtocol } from '../../telemetry/stats/cluster-stats.js';
import type { FilterContext } from '../filter-context.js';

/** The content type of gRPC, which may be followed by `+` and the format of the messages. */
export const grpcContentType = 'application/grpc';

/** Whether a message with this `content-type` is one of gRPC. One of gRPC-Web is not. */
export function isGrpcContentType(contentType: string | undefined): boolean {
  return (
    contentType?.startsWith(grpcContentType) === true &&
    (contentType.length === grpcContentType.length || contentType[grpcContentType.length] === '+')
  );
}

/** Whether a `grpc-status` says that a call was successful. What is no number does not. */
export function isGrpcSuccess(grpcStatus: string): boolean {
  return /^0+$/.test(grpcStatus);
}

/** A call under way whose result is to be counted. */
export class GrpcCall {
  readonly #clusterStats: ClusterStats;
  readonly #protocol: GrpcProtocol;
  /** `service/method`. */
  readonly #path: string;
  #isCharged = false;

  constructor(clusterStats: ClusterStats, protocol: GrpcProtocol, path: string) {
    this.#clusterStats = clusterStats;
    this.#protocol = protocol;
    this.#path = path;
  }

  /** Counts the call, once, if these headers, or trailers, hold its result. */
  charge(headers: HeaderList): void {
    const grpcStatus = getHeader(headers, 'grpc-status');
    if (grpcStatus !== undefined && !this.#isCharged) {
      this.#isCharged = true;
      this.#clusterStats.chargeGrpcCall(this.#protocol, this.#path, isGrpcSuccess(grpcStatus));
    }
  }
}

/**
 * Returns the call that a request is, or `undefined` if there is nothing to count it by: it goes to
 * no cluster, or its path is not `/service/method`.
 */
export function countedCall(
  head: RequestHead,
  protocol: GrpcProtocol,
  callbacks: FilterCallbacks,
  context: FilterContext,
): GrpcCall | undefined {
  const clusterName = callbacks.route?.clusterFor(callbacks);
  const cluster = clusterName === undefined ? undefined : context.clusterManager.get(clusterName);
  const path = methodOf(head.path);
  return cluster === undefined || path === undefined
    ? undefined
    : new GrpcCall(cluster.stats, protocol, path);
}

function methodOf(path: string): string | undefined {
  const end = path.indexOf('?');
  const parts = (end === -1 ? path : path.slice(0, end)).split('/').filter((part) => part !== '');
  return parts.length === 2 ? parts.join('/') : undefined;
}
