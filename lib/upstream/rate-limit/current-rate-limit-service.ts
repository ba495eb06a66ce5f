import type {
  RateLimitClient,
  RateLimitDescriptor,
  RateLimitStatus,
} from '../../http/rate-limit.js';
import type { RateLimitService } from './rate-limit-service.js';

/**
 * The rate limit service that the configuration names now. Without one, every request is within its
 * limits, as in Envoy.
 */
export class CurrentRateLimitService implements RateLimitClient {
  #service: RateLimitService | undefined;
  /** Requests that wait for its answer get it: it is closed when the next one goes. */
  #previous: RateLimitService | undefined = undefined;

  constructor(service: RateLimitService | undefined) {
    this.#service = service;
  }

  /** `service` is asked from now on. */
  replace(service: RateLimitService | undefined): void {
    this.#previous?.close();
    this.#previous = this.#service;
    this.#service = service;
  }

  limit(
    domain: string,
    descriptors: readonly RateLimitDescriptor[],
    onStatus: (status: RateLimitStatus) => void,
  ): () => void {
    if (this.#service === undefined) {
      onStatus('ok');
      return () => {};
    }
    return this.#service.limit(domain, descriptors, onStatus);
  }

  /** Ends the connections to the service. Idempotent. */
  close(): void {
    this.#service?.close();
    this.#previous?.close();
  }
}
