import type { Socket } from 'node:net';

/**
 * The connection behind a WebSocket handshake, lent to whoever answers it. Implemented by the codec.
 *
 * As long as no response with status 101 has been encoded, the codec answers on it as on any other.
 * From then on it is the borrower's, who writes the head of that response too.
 */
export interface RawConnection {
  /** Nobody reads it. It has a listener for errors, so that none can end the process. */
  readonly socket: Socket;
  /** What the client has sent behind its handshake, not knowing yet what will become of it. */
  readonly head: Buffer;
  /** Called once, when the connection is gone after a 101. Set by the borrower. */
  onClosed: (() => void) | undefined;
  /** Counts bytes of the tunnel, for the access log. */
  addBytes(received: number, sent: number): void;
  /** Says that the tunnel ends its half of the connection before the client does. */
  onClosing(): void;
  /** Destroys the connection. Idempotent. */
  cut(): void;
}
