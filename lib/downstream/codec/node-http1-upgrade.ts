import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RawConnection } from '../../http/raw-connection.js';
import type { NodeHttp1Connection } from './node-http1-connection.js';

/** Who keeps the record of a request whose connection becomes a tunnel. */
export interface TunnelRecord {
  bytesReceived: number;
  addBytesSent(bytes: number): void;
}

/** A connection of the `node:http` codec that its parser has let go of for a handshake. */
export class UpgradedConnection implements RawConnection {
  readonly socket: Socket;
  readonly head: Buffer;
  readonly #connection: NodeHttp1Connection;
  onClosed: (() => void) | undefined = undefined;
  /** Set once, when the request has begun. */
  record: TunnelRecord | undefined = undefined;

  constructor(socket: Socket, head: Buffer, connection: NodeHttp1Connection) {
    this.socket = socket;
    this.head = head;
    this.#connection = connection;
  }

  addBytes(received: number, sent: number): void {
    if (this.record !== undefined) {
      this.record.bytesReceived += received;
      this.record.addBytesSent(sent);
    }
  }

  onClosing(): void {
    this.#connection.onClosing();
  }

  cut(): void {
    if (!this.socket.destroyed) {
      this.#connection.reset();
    }
  }
}

/**
 * Whether a request that asks for an upgrade is a WebSocket handshake of RFC 6455, 4.1. Any other is
 * left to the parser: it may have a body, and what comes behind it is HTTP.
 */
export function isHandshake({
  method,
  httpVersion,
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'httpVersion' | 'rawHeaders'>): boolean {
  if (method !== 'GET' || httpVersion !== '1.1') {
    return false;
  }
  let isWebSocket = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] as string;
    switch ((rawHeaders[i] as string).toLowerCase()) {
      case 'upgrade':
        isWebSocket = value.toLowerCase() === 'websocket';
        break;
      case 'transfer-encoding':
        return false;
      case 'content-length':
        if (Number(value) !== 0) {
          return false;
        }
    }
  }
  return isWebSocket;
}
