import type { Duplex } from 'node:stream';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { RawConnection } from '../../http/raw-connection.js';
import type { TunnelConnection } from '../../upstream/connection/tunnel-connection.js';

/** How long one side may still send when the other has closed its half of the tunnel. */
const closeTimeoutMs = 5000;

/** What a tunnel is made of. */
export interface TunnelParts {
  readonly raw: RawConnection;
  readonly connection: Pick<TunnelConnection, 'close'>;
  /** The stream of `connection`. */
  readonly upstream: Duplex;
  readonly wheel: TimerWheel;
  /** Called when the host has cut its connection instead of closing it. */
  readonly onBroken: () => void;
}

/**
 * Sees to it that the two connections of a tunnel end together. The bytes do not pass through here:
 * they are piped, with back-pressure, by the library that has made the tunnel.
 *
 * An error of either side cuts both at once. An orderly end is passed on, and what is under way is
 * still delivered; but not for ever, since a peer may never close its own half.
 */
export class OpenTunnel {
  readonly #parts: TunnelParts;
  readonly #closeTimer: WheelTimer;
  #isCut = false;

  constructor(parts: TunnelParts) {
    this.#parts = parts;
    this.#closeTimer = new WheelTimer({ onDeadline: () => this.cut() });
    const { raw, upstream } = parts;
    const { socket } = raw;
    // With TLS it would end by itself when the client has, and what the host still says be lost.
    socket.allowHalfOpen = true;
    // The library calls it for an error of the host, which may come behind the host's last words.
    socket.destroySoon = () => socket.end();
    socket.on('data', (chunk: Buffer) => raw.addBytes(chunk.length, 0));
    upstream.on('data', (chunk: Buffer) => raw.addBytes(0, chunk.length));
    socket.on('end', () => this.#onHalfClosed());
    upstream.on('end', () => this.#onUpstreamEnd());
    socket.on('error', () => this.cut());
    upstream.on('error', () => this.#onUpstreamBroken());
    upstream.on('close', () => this.#onUpstreamBroken());
    socket.on('close', () => this.cut());
  }

  /** Closes both connections at once. Idempotent. */
  cut(): void {
    if (!this.#isCut) {
      this.#isCut = true;
      this.#closeTimer.stop();
      this.#parts.connection.close();
      this.#parts.raw.cut();
    }
  }

  #onUpstreamEnd(): void {
    const { raw, upstream } = this.#parts;
    if (!raw.socket.readableEnded) {
      raw.onClosing();
    }
    // The half towards the host ends now, behind what waits for it. What the client still sends is
    // read and thrown away: closing on unread data would make the kernel reset the connection, and
    // the client lose the last of what the host has sent.
    raw.socket.unpipe(upstream);
    raw.socket.resume();
    this.#onHalfClosed();
  }

  #onHalfClosed(): void {
    if (!this.#isCut && this.#closeTimer.queue === undefined) {
      this.#parts.wheel.start(this.#closeTimer, closeTimeoutMs);
    }
  }

  #onUpstreamBroken(): void {
    if (!this.#isCut && !this.#parts.upstream.readableEnded) {
      this.#parts.onBroken();
      this.cut();
    }
  }
}
