import { defaultRuntime, type Runtime } from '../base/runtime.js';
import type { CircuitBreakerConfig } from '../config/cluster-config.js';

/** One limited kind of thing: at most `max` of them at a time. */
export class Resource {
  active = 0;
  readonly #max: number;
  readonly #runtime: Runtime;
  readonly #runtimeKey: string;

  /** `max` counts as long as the runtime has no number under the key. */
  constructor(max: number, runtime: Runtime = defaultRuntime, runtimeKey = '') {
    this.#max = max;
    this.#runtime = runtime;
    this.#runtimeKey = runtimeKey;
  }

  /** Those that are active stay when it becomes less. */
  get max(): number {
    return this.#runtime.integer(this.#runtimeKey, this.#max);
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

  /** `runtimeScope` is what the keys that replace the limits begin with: reference 4.7. */
  constructor(config: CircuitBreakerConfig, runtime?: Runtime, runtimeScope = '') {
    const create = (max: number, name: string): Resource =>
      new Resource(max, runtime, `${runtimeScope}.${name}`);
    this.connections = create(config.maxConnections, 'max_connections');
    this.pendingRequests = create(config.maxPendingRequests, 'max_pending_requests');
    this.requests = create(config.maxRequests, 'max_requests');
    this.retries = create(config.maxRetries, 'max_retries');
  }

  /** Whether anything is limited now. */
  get isInUse(): boolean {
    const { connections, pendingRequests, requests, retries } = this;
    return connections.active + pendingRequests.active + requests.active + retries.active > 0;
  }
}
