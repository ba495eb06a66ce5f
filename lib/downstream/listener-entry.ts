import type { RouteMatch } from '../router/route-table.js';
import type { Discovery } from '../upstream/discovery/discovery.js';
import type { ConnectionManager } from './connection-manager.js';
import type { Listener } from './listener.js';

/** What a listener is made of, beside its socket. */
export interface ListenerParts {
  readonly listener: Listener;
  readonly routes: RouteMatch;
  /** What discovers the routes; `undefined` if they stand in the configuration. */
  readonly routeDiscovery: Discovery | undefined;
  /** Serves outbound calls by the same routes; `undefined` if none take them. */
  readonly outboundManager: ConnectionManager | undefined;
  /** Gives back what the listener holds: statistics, files. */
  release(): void;
}

/**
 * A listener with all that is behind it. It begins with `start`, and is gone with `close`; in between
 * it may have been retired, because another one has taken its place.
 */
export class ListenerEntry {
  readonly listener: Listener;
  readonly routes: RouteMatch;
  readonly outboundManager: ConnectionManager | undefined;
  readonly #parts: ListenerParts;
  #isClosed = false;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.listener = parts.listener;
    this.routes = parts.routes;
    this.outboundManager = parts.outboundManager;
  }

  get name(): string {
    return this.listener.config.name;
  }

  /** Whether it has connections, or outbound calls under way. */
  get isInUse(): boolean {
    return this.listener.isInUse || (this.outboundManager?.activeStreams ?? 0) > 0;
  }

  /** Begins; `onInitialized` is called once, after the first answer or failure about its routes. */
  start(onInitialized: () => void): void {
    if (this.#parts.routeDiscovery === undefined) {
      onInitialized();
    } else {
      this.#parts.routeDiscovery.start(onInitialized);
    }
  }

  /** Accepts no more; each connection ends behind its next response: see `Listener.retire`. */
  retire(successor?: ListenerEntry): void {
    this.listener.retire(successor?.listener);
    this.#parts.routeDiscovery?.close();
  }

  /** Resolves when no connection and no outbound call is left. */
  async whenUnused(): Promise<void> {
    await Promise.all([this.listener.whenUnused(), this.outboundManager?.whenIdle()]);
  }

  /** Closes everything at once. Idempotent. */
  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#parts.routeDiscovery?.close();
      this.listener.close();
      this.#parts.release();
    }
  }
}
