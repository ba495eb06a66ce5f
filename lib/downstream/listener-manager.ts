import { SidecarError } from '../base/errors.js';
import { formatAddress, type TcpAddress } from '../config/address.js';
import type { ListenerManagerStats } from '../telemetry/stats/listener-manager-stats.js';
import type { Listener } from './listener.js';

/** Where a listener really accepts. */
export interface BoundListener {
  readonly name: string;
  readonly address: TcpAddress;
}

/** All listeners: opened together or not at all, drained and closed together. */
export class ListenerManager {
  readonly #listeners: readonly Listener[];
  readonly #listenOn: ReadonlyMap<string, TcpAddress>;
  readonly #stats: ListenerManagerStats;

  /** `listenOn` maps a configured address, as a URL, to where to bind instead. */
  constructor(
    listeners: readonly Listener[],
    listenOn: ReadonlyMap<string, TcpAddress>,
    stats: ListenerManagerStats,
  ) {
    this.#listeners = listeners;
    this.#listenOn = listenOn;
    this.#stats = stats;
    stats.listenerAdded += listeners.length;
  }

  /** Binds every listener. If one fails, all are closed, and its error is thrown. */
  async listen(): Promise<void> {
    try {
      for (const listener of this.#listeners) {
        if (listener.config.bindToPort) {
          await this.#listenOne(listener);
          this.#stats.listenerCreateSuccess++;
          this.#stats.totalListenersActive++;
        }
      }
    } catch (error) {
      this.#stats.listenerCreateFailure++;
      this.close();
      throw error;
    }
  }

  /** Returns the listeners that are bound, in the configured order. */
  bound(): BoundListener[] {
    const bound: BoundListener[] = [];
    for (const listener of this.#listeners) {
      const address = listener.boundAddress;
      if (address !== undefined) {
        bound.push({ name: listener.config.name, address });
      }
    }
    return bound;
  }

  /** Accepts no more; resolves when the last connection has ended with its last request. */
  async drain(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.drain()));
  }

  /** Closes everything at once. Idempotent. */
  close(): void {
    for (const listener of this.#listeners) {
      listener.close();
    }
    this.#stats.totalListenersActive = 0;
  }

  async #listenOne(listener: Listener): Promise<void> {
    const configured = formatAddress(listener.config.address);
    const address = this.#listenOn.get(configured) ?? listener.config.address;
    try {
      await listener.listen(address);
    } catch (error) {
      throw createListenError(listener.config.name, configured, address, error);
    }
  }
}

/** Says which address could not be bound, why, and how to mend it. */
export function createListenError(
  name: string,
  configured: string,
  address: TcpAddress,
  cause: unknown,
): SidecarError {
  const code = (cause as NodeJS.ErrnoException).code;
  const bound = formatAddress(address);
  const where = bound === configured ? bound : `${bound} (configured as ${configured})`;
  const subject = name === configured ? 'listener' : `listener ${name}`;
  return new SidecarError(
    'SIDECAR_LISTEN_FAILED',
    `${subject} cannot listen on ${where}: ${explain(code, address)}`,
    { cause },
  );
}

function explain(code: string | undefined, address: TcpAddress): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use; stop what uses it, or bind elsewhere with the option listenOn';
    case 'EACCES':
      return `no permission for port ${address.port}; ports below 1024 need privileges, so bind elsewhere with the option listenOn`;
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; bind elsewhere with the option listenOn';
    default:
      return `the system says ${code ?? 'nothing more'}`;
  }
}
