import { connect, type NetConnectOpts } from 'node:net';
import type { Duplex, DuplexOptions } from 'node:stream';
import { runDetached } from '../../base/detached.js';
import { type Address, formatHostPort } from '../../config/address.js';

/** Takes what was read: the first `size` bytes of `buffer`, which is lent for the call only. */
export type ReadCallback = (size: number, buffer: Uint8Array) => boolean;

/**
 * Opens the way to one host. The duplex emits `openEvent` when it can be written to, and `error` and
 * `close` as a socket does; what it reads goes to `onRead`, not to `data`, unless that is left out.
 * Of what is written, about `bufferLimitBytes` wait for a slow peer before `write` says so.
 */
export interface Connector {
  /** With TLS, a connection is open when it is known who the host is, and that is later. */
  readonly openEvent: string;
  connect(target: Address, onRead: ReadCallback | undefined, bufferLimitBytes: number): Duplex;
}

/**
 * What the duplex of a connector emits as `error` if a request has failed on this side of it, in
 * this process. Unlike any other error it says nothing of the connection.
 */
export class LocalFailure extends Error {}

/**
 * The most that waits in this process for a slow host, however much the configuration allows: the
 * system buffers too, and more would help nobody.
 */
export const maxWriteBufferBytes: number = 256 * 1024;

/** Big enough for what a socket usually has waiting, so that a large body needs few reads. */
const readBufferBytes = 64 * 1024;

/**
 * All upstream sockets of a thread read into this one buffer: a read is handed out and done with
 * before the next one can happen. So an idle connection costs no buffer, and a read no allocation.
 */
export const readBuffer: Buffer = Buffer.allocUnsafeSlow(readBufferBytes);

/** Opens TCP and Unix sockets; `connectTo` names addresses that are really reached elsewhere. */
export class SocketConnector implements Connector {
  readonly openEvent: string = 'connect';
  readonly #connectTo: ReadonlyMap<string, Address>;

  /** `connectTo` maps `host:port` as configured to where to connect instead. */
  constructor(connectTo: ReadonlyMap<string, Address>) {
    this.#connectTo = connectTo;
  }

  connect(target: Address, onRead: ReadCallback | undefined, bufferLimitBytes: number): Duplex {
    const address = this.resolve(target);
    const options: NetConnectOpts & DuplexOptions = {
      ...(address.kind === 'tcp'
        ? { host: address.host, port: address.port }
        : { path: address.path }),
      noDelay: true,
      writableHighWaterMark: Math.min(bufferLimitBytes, maxWriteBufferBytes),
      ...(onRead === undefined ? {} : { onread: { buffer: readBuffer, callback: onRead } }),
    };
    const socket = runDetached(() => connect(options));
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
