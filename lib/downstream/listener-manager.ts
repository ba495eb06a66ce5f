import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import { formatAddress, type TcpAddress } from '../config/address.js';
import type { ListenerConfig } from '../config/listener-config.js';
import { DiscoveredRoutes, type RouteTableDump } from '../router/discovered-routes.js';
import type { ListenerManagerStats } from '../telemetry/stats/listener-manager-stats.js';
import { DrainingListeners } from './draining-listeners.js';
import { createListenError } from './listen-error.js';
import type { ListenerEntry } from './listener-entry.js';

/** Where a listener really accepts. */
export interface BoundListener {
  readonly name: string;
  readonly address: TcpAddress;
}

/** What listeners need from the sidecar. */
export interface ListenerManagerContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Configured address, as a URL, to where to bind instead. */
  readonly listenOn: ReadonlyMap<string, TcpAddress>;
  /** How long a listener that has been replaced or removed goes on with its connections. */
  readonly drainTimeMs: number;
  readonly stats: ListenerManagerStats;
  /** Called whenever listeners have come or gone. */
  onChanged(): void;
}

/** Whether listeners stand in the configuration, or a discovery service has told of them. */
export type ListenerOrigin = 'configured' | 'discovered';

/** All listeners: opened, replaced, drained and closed. */
export class ListenerManager {
  readonly #context: ListenerManagerContext;
  readonly #entries: Record<ListenerOrigin, readonly ListenerEntry[]> = {
    configured: [],
    discovered: [],
  };
  readonly #draining: DrainingListeners;
  /** Whether listeners are to be bound: not before everything else is ready. */
  #isListening = false;

  constructor(context: ListenerManagerContext) {
    this.#context = context;
    this.#draining = new DrainingListeners(context);
  }

  /** The listeners in force: those of the configuration, then those that are discovered. */
  entries(): readonly ListenerEntry[] {
    return [...this.#entries.configured, ...this.#entries.discovered];
  }

  entriesOf(origin: ListenerOrigin): readonly ListenerEntry[] {
    return this.#entries[origin];
  }

  /** Returns the listeners that are bound, in their order. */
  bound(): BoundListener[] {
    return this.entries().flatMap(({ name, listener }) => {
      const address = listener.boundAddress;
      return address === undefined ? [] : { name, address };
    });
  }

  /** Returns the route tables that discovery services have told. */
  routeTables(): RouteTableDump[] {
    return this.entries().flatMap(({ routes }) =>
      routes instanceof DiscoveredRoutes ? (routes.dump ?? []) : [],
    );
  }

  /**
   * Binds every listener, and then serves. If one of the configuration fails, all are closed, and its
   * error is thrown; one that was discovered goes, and may come again.
   */
  async listen(): Promise<void> {
    this.#isListening = true;
    try {
      for (const entry of this.#entries.configured) {
        await this.#bindOne(entry);
      }
    } catch (error) {
      this.close();
      throw error;
    }
    for (const entry of this.#entries.discovered) {
      try {
        await this.#bindOne(entry);
      } catch (error) {
        this.#context.log.error(`lds: ${error instanceof Error ? error.message : String(error)}`);
        this.#entries.discovered = this.#entries.discovered.filter((other) => other !== entry);
        entry.close();
      }
    }
    for (const { listener } of this.entries()) {
      listener.serve();
    }
    this.#onChanged();
  }

  /**
   * Binds those of `added` that are not bound and cannot take over the socket of one of `gone`. If one
   * fails, its error is thrown; the sockets of the others are closed with their listeners. Who connects
   * waits for `replace`.
   */
  async bind(added: readonly ListenerEntry[], gone: readonly ListenerEntry[]): Promise<void> {
    for (const entry of this.#isListening ? added : []) {
      const isBound = entry.listener.boundAddress !== undefined;
      if (!isBound && findDonor(entry, gone) === undefined) {
        await this.#bindOne(entry);
      }
    }
  }

  /**
   * Puts listeners into force, all at once: `entries` are all of that origin. What was there and is
   * not among them is replaced by the listener that takes its socket over, or removed; it drains.
   * New ones have been through `bind` before, with the same listeners gone.
   */
  replace(
    origin: ListenerOrigin,
    entries: readonly ListenerEntry[],
    alsoGone: readonly ListenerEntry[] = [],
  ): void {
    const before = this.#entries[origin];
    const added = entries.filter((entry) => !before.includes(entry));
    const gone = [...before.filter((entry) => !entries.includes(entry)), ...alsoGone];
    const successors = new Map<ListenerEntry, ListenerEntry>();
    for (const entry of added) {
      const donor = findDonor(entry, gone);
      if (donor !== undefined && entry.listener.boundAddress === undefined && this.#isListening) {
        entry.listener.takeOver(donor.listener);
        successors.set(donor, entry);
        this.#context.stats.listenerCreateSuccess++;
      } else {
        entry.listener.serve();
      }
    }
    this.#entries[origin] = entries;
    const other = origin === 'configured' ? 'discovered' : 'configured';
    this.#entries[other] = this.#entries[other].filter((entry) => !alsoGone.includes(entry));
    this.#count(added, gone);
    for (const entry of gone) {
      const namesake = entries.find(({ name }) => name === entry.name);
      const successor = successors.get(entry) ?? namesake;
      inheritRoutes(successor, entry);
      this.#draining.add(entry, successor);
    }
    this.#onChanged();
  }

  /** Accepts no more; resolves when the last connection has ended with its last request. */
  async drain(): Promise<void> {
    const entries = [...this.entries(), ...this.#draining.entries()];
    await Promise.all(entries.map(({ listener }) => listener.drain()));
  }

  /** Closes everything at once. Idempotent. */
  close(): void {
    for (const { listener } of this.entries()) {
      listener.close();
    }
    this.#draining.close();
    this.#context.stats.totalListenersActive = 0;
  }

  /** Gives back what the listeners hold. For when the last request has ended. Idempotent. */
  release(): void {
    for (const entry of this.entries()) {
      entry.close();
    }
  }

  async #bindOne(entry: ListenerEntry): Promise<void> {
    const { config } = entry.listener;
    if (!config.bindToPort) {
      return;
    }
    const { listenOn, stats } = this.#context;
    const configured = formatAddress(config.address);
    const address = listenOn.get(configured) ?? config.address;
    try {
      await entry.listener.bind(address);
      stats.listenerCreateSuccess++;
    } catch (error) {
      stats.listenerCreateFailure++;
      throw createListenError(config.name, configured, address, error);
    }
  }

  #count(added: readonly ListenerEntry[], gone: readonly ListenerEntry[]): void {
    const { stats } = this.#context;
    const goneNames = new Set(gone.map(({ name }) => name));
    for (const { name } of added) {
      if (goneNames.delete(name)) {
        stats.listenerModified++;
      } else {
        stats.listenerAdded++;
      }
    }
    stats.listenerRemoved += goneNames.size;
  }

  #onChanged(): void {
    this.#context.stats.totalListenersActive = this.bound().length;
    this.#context.onChanged();
  }
}

/** A listener that has no routes yet goes on with those of the one in whose place it is. */
function inheritRoutes(successor: ListenerEntry | undefined, { routes }: ListenerEntry): void {
  if (successor?.routes instanceof DiscoveredRoutes && routes instanceof DiscoveredRoutes) {
    successor.routes.inherit(routes);
  }
}

/** Returns who has the socket that a new listener would bind. */
function findDonor(
  { listener }: ListenerEntry,
  gone: readonly ListenerEntry[],
): ListenerEntry | undefined {
  if (!listener.config.bindToPort) {
    return undefined;
  }
  const key = socketKey(listener.config);
  return gone.find(
    (other) =>
      other.listener.boundAddress !== undefined && socketKey(other.listener.config) === key,
  );
}

/** Listeners with the same key have the same socket. Of port 0 there is one for each name. */
function socketKey({ name, address }: ListenerConfig): string {
  const url = formatAddress(address);
  return address.port === 0 ? `${url} ${name}` : url;
}
