import type { Clock } from '../../base/clock.js';
import { formatHostPort, type TcpAddress } from '../../config/address.js';

/** So long a server that did not answer is asked after the others. */
const avoidedMs = 10_000;

/** There are a few servers in a configuration; those of many configurations must not add up. */
const maxAvoided = 64;

/**
 * Puts the servers that did not answer of late behind the others, so that a dead one costs its
 * time-out once and not with every name.
 */
export class ServerOrder {
  readonly #clock: Clock;
  /** By server, until when it is avoided. The longest known stand first. */
  readonly #avoided = new Map<string, number>();
  #turn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the servers in the order to ask them in. */
  sort(servers: readonly TcpAddress[], isRotating: boolean): readonly TcpAddress[] {
    const start = isRotating ? this.#turn++ % Math.max(servers.length, 1) : 0;
    const rotated = [...servers.slice(start), ...servers.slice(0, start)];
    const isAvoided = (server: TcpAddress): boolean =>
      (this.#avoided.get(formatHostPort(server)) ?? 0) > this.#clock.now();
    return [...rotated.filter((server) => !isAvoided(server)), ...rotated.filter(isAvoided)];
  }

  /** The server did not answer. */
  avoid(server: TcpAddress): void {
    const key = formatHostPort(server);
    this.#avoided.delete(key);
    this.#avoided.set(key, this.#clock.now() + avoidedMs);
    if (this.#avoided.size > maxAvoided) {
      const [oldest = ''] = this.#avoided.keys();
      this.#avoided.delete(oldest);
    }
  }

  /** The server did answer. */
  trust(server: TcpAddress): void {
    this.#avoided.delete(formatHostPort(server));
  }
}
