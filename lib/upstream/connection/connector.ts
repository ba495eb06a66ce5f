import { connect, type NetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Address, formatHostPort } from '../../config/address.js';

/** Takes what was read: the first `size` bytes of `buffer`, which is lent for the call only. */
export type ReadCallback = (size: number, buffer: Uint8Array) => boolean;

/**
 * Opens the way to one host. The duplex emits `connect` when it can be written to, and `error` and
 * `close` as a socket does; what it reads goes to `onRead`, not to `data`.
 */
export interface Connector {
  connect(target: Address, onRead: ReadCallback): Duplex;
}

/** Big enough for what a socket usually has waiting, so that a large body needs few reads. */
const readBufferBytes = 64 * 1024;

/**
 * All upstream sockets of a thread read into this one buffer: a read is handed out and done with
 * before the next one can happen. So an idle connection costs no buffer, and a read no allocation.
 */
const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);

/** Opens TCP and Unix sockets; `connectTo` names addresses that are really reached elsewhere. */
export class SocketConnector implements Connector {
  readonly #connectTo: ReadonlyMap<string, Address>;

  /** `connectTo` maps `host:port` as configured to where to connect instead. */
  constructor(connectTo: ReadonlyMap<string, Address>) {
    this.#connectTo = connectTo;
  }

  connect(target: Address, onRead: ReadCallback): Duplex {
    const address = this.resolve(target);
    const options: NetConnectOpts = {
      ...(address.kind === 'tcp'
        ? { host: address.host, port: address.port }
        : { path: address.path }),
      noDelay: true,
      onread: { buffer: readBuffer, callback: onRead },
    };
    const socket = connect(options);
    // Who waits for an answer holds the process; a connection by itself does not.
    socket.unref();
    return socket;
  }

  /** Returns where `target` is really reached. */
  resolve(target: Address): Address {
    if (this.#connectTo.size === 0 || target.kind !== 'tcp') {
      return target;
    }
    return this.#connectTo.get(formatHostPort(target)) ?? target;
  }
}
