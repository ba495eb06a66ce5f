import type { CircuitBreakerConfig } from '../config/cluster-config.js';

/** One limited kind of thing: at most `max` of them at a time. */
export class Resource {
  active = 0;
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  /** Whether one more is admitted: while fewer than `max` are active. */
  canCreate(): boolean {
    return this.active < this.max;
  }
}

/** The circuit breakers of one cluster and routing priority, shared by all of its hosts. */
export class ResourceManager {
  readonly connections: Resource;
  readonly pendingRequests: Resource;
  /** Consulted by HTTP/2 pools only, as in Envoy: reference 4.7. */
  readonly requests: Resource;
  readonly retries: Resource;

  constructor(config: CircuitBreakerConfig) {
    this.connections = new Resource(config.maxConnections);
    this.pendingRequests = new Resource(config.maxPendingRequests);
    this.requests = new Resource(config.maxRequests);
    this.retries = new Resource(config.maxRetries);
  }
}
