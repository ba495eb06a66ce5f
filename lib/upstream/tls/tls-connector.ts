import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { runDetached } from '../../base/detached.js';
import { type Address, formatAddress } from '../../config/address.js';
import {
  type Connector,
  maxWriteBufferBytes,
  type ReadCallback,
  readBuffer,
} from '../connection/connector.js';
import { type ClusterTls, securedEvent } from './cluster-tls.js';

/** Hosts that a session is kept of: one each, of a few kilobytes. Of a bigger cluster, the latest. */
const maxSessions = 256;

/** Opens connections with TLS. Sessions are resumed, host by host. */
export class TlsConnector implements Connector {
  readonly openEvent: string = securedEvent;
  readonly #tls: ClusterTls;
  readonly #resolve: (target: Address) => Address;
  readonly #protocols: string[];
  /** By address. */
  readonly #sessions = new Map<string, Buffer>();
  /** What the sessions were made with: they are no good with another. */
  #material: object | undefined = undefined;

  /**
   * `resolve` says where an address is really reached. `unspoken` is the protocol, by its name in
   * ALPN, that is not offered although the configuration has it: it is not spoken on these.
   */
  constructor(tls: ClusterTls, resolve: (target: Address) => Address, unspoken: 'h2' | 'http/1.1') {
    this.#tls = tls;
    this.#resolve = resolve;
    this.#protocols = tls.alpnProtocols.filter((name) => name !== unspoken);
  }

  connect(target: Address, onRead: ReadCallback | undefined, bufferLimitBytes: number): Duplex {
    const address = this.#resolve(target);
    const key = formatAddress(address);
    this.#forgetOldSessions();
    const session = this.#sessions.get(key);
    const options = {
      ...(address.kind === 'tcp'
        ? { host: address.host, port: address.port }
        : { path: address.path }),
      highWaterMark: Math.min(bufferLimitBytes, maxWriteBufferBytes),
      ...(this.#protocols.length === 0 ? {} : { ALPNProtocols: this.#protocols }),
      ...(session === undefined ? {} : { session }),
      ...(onRead === undefined ? {} : { onread: { buffer: readBuffer, callback: onRead } }),
    };
    const socket = runDetached(() => this.#tls.open(options));
    if (socket instanceof TLSSocket) {
      socket.setNoDelay(true);
      // Who waits for an answer holds the process; a connection by itself does not.
      socket.unref();
      this.#keepSession(socket, key);
    }
    return socket;
  }

  /** Keeps the latest session of a host that has passed the check, and none of one that fails. */
  #keepSession(socket: TLSSocket, key: string): void {
    const material = this.#material;
    let latest: Buffer | undefined;
    let isSecured = false;
    const keep = (): void => {
      if (isSecured && latest !== undefined && material === this.#material) {
        this.#sessions.delete(key);
        this.#sessions.set(key, latest);
        this.#forgetOldest();
      }
    };
    socket.on('session', (session: Buffer) => {
      latest = session;
      keep();
    });
    socket.once(securedEvent, () => {
      isSecured = true;
      keep();
    });
    socket.once('close', () => {
      if (!isSecured) {
        this.#sessions.delete(key);
      }
    });
  }

  #forgetOldSessions(): void {
    if (this.#material !== this.#tls.material) {
      this.#material = this.#tls.material;
      this.#sessions.clear();
    }
  }

  #forgetOldest(): void {
    for (const key of this.#sessions.keys()) {
      if (this.#sessions.size <= maxSessions) {
        return;
      }
      this.#sessions.delete(key);
    }
  }
}
