import type {
  RateLimitClient,
  RateLimitDescriptor,
  RateLimitStatus,
} from '../../http/rate-limit.js';
import type { Cluster } from '../cluster.js';
import type { SocketConnector } from '../connection/connector.js';
import { GrpcClusterClient } from '../grpc/grpc-cluster-client.js';
import { loadGrpc } from '../grpc/load-grpc.js';
import {
  decodeRateLimitResponse,
  encodeRateLimitRequest,
  shouldRateLimit,
} from './rate-limit-messages.js';

/** The rate limit service of the configuration: reference 1.9. */
export class RateLimitService implements RateLimitClient {
  readonly #client: GrpcClusterClient;

  /**
   * Creates the client of the service in the cluster that `findCluster` returns. Rejects if the
   * package for gRPC is missing.
   */
  static async load(
    findCluster: () => Cluster | undefined,
    connector: SocketConnector,
  ): Promise<RateLimitService> {
    const open = await loadGrpc('rate_limit_service');
    return new RateLimitService(
      new GrpcClusterClient(findCluster, open, (address) => connector.resolve(address)),
    );
  }

  constructor(client: GrpcClusterClient) {
    this.#client = client;
  }

  limit(
    domain: string,
    descriptors: readonly RateLimitDescriptor[],
    onStatus: (status: RateLimitStatus) => void,
  ): () => void {
    const message = encodeRateLimitRequest(domain, descriptors);
    return this.#client.call(shouldRateLimit, message, (reply) => {
      onStatus(reply === undefined ? 'error' : decodeRateLimitResponse(reply));
    });
  }

  /** Ends the connections to the service. Idempotent. */
  close(): void {
    this.#client.close();
  }
}
