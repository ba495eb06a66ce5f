import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isHandshake, type TunnelRecord } from '../downstream/codec/node-http1-upgrade.js';
import { type HeaderList, hasHeader } from '../http/headers.js';
import type { RawConnection } from '../http/raw-connection.js';
import { createDuplexPair } from '../upstream/connection/duplex-pair.js';

/**
 * What a WebSocket handshake of a client library has for a connection: a pair of streams in memory.
 * The data path has one end, as it would have a client's socket; the adapter has the other. What
 * the data path writes begins with the head of the response with status 101.
 */
export class OutboundUpgrade implements RawConnection {
  readonly socket: Socket;
  /** What the client writes waits in the pair. */
  readonly head: Buffer = Buffer.alloc(0);
  /** The adapter's end. It has a listener for errors, so that none can end the process. */
  readonly clientEnd: Duplex;
  onClosed: (() => void) | undefined = undefined;
  /** Set once, when the request begins. */
  record: TunnelRecord | undefined = undefined;

  constructor() {
    const [near, far] = createDuplexPair();
    // Each end hears of the other's destruction by its own `close`.
    near.on('error', () => {});
    far.on('error', () => {});
    this.clientEnd = near;
    // It has as much of a socket as those who make tunnels ask of one.
    this.socket = far as Socket;
  }

  /** Returns the connection for a request, unless that is no handshake that could be agreed to. */
  static forRequest(method: string, headers: HeaderList): OutboundUpgrade | undefined {
    const isAskedFor =
      hasHeader(headers, 'upgrade') && connectionUpgrade.test(connectionOptions(headers));
    return isAskedFor && isHandshake({ method, httpVersion: '1.1', rawHeaders: headers })
      ? new OutboundUpgrade()
      : undefined;
  }

  addBytes(received: number, sent: number): void {
    if (this.record !== undefined) {
      this.record.bytesReceived += received;
      this.record.addBytesSent(sent);
    }
  }

  onClosing(): void {
    // Who closes first is counted of connections only, and there is none.
  }

  cut(): void {
    this.socket.destroy();
  }
}

const connectionUpgrade = /,\s*upgrade\s*(,|$)/i;

function connectionOptions(headers: HeaderList): string {
  let options = '';
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'connection') {
      options += `,${headers[i + 1]}`;
    }
  }
  return options;
}
