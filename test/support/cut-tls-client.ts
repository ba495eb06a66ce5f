import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { encodeFrame, encodeHeaders, frameType, preface, requestHeaders } from './frame-client.js';
import { connectTls } from './tls-client.js';
import { until } from './until.js';

/**
 * A client of HTTP/2 over TLS, which asks and reads nothing of the answers. What it sends can be held,
 * so that it arrives together with the end of the connection.
 */
export class CutTlsClient {
  readonly #secured: TLSSocket;
  /** The connection to the listener. */
  readonly #plain: Socket;
  #held: Buffer[] | undefined = undefined;

  private constructor(secured: TLSSocket, plain: Socket, near: Socket) {
    this.#secured = secured;
    this.#plain = plain;
    near.removeAllListeners('data');
    near.on('data', (chunk: Buffer) => {
      if (this.#held === undefined) {
        plain.write(chunk);
      } else {
        this.#held.push(chunk);
      }
    });
  }

  /** Connects to a listener and greets it. The connection is closed after the test at the latest. */
  static async connect(t: TestContext, port: number): Promise<CutTlsClient> {
    const plain = connect(port, '127.0.0.1');
    plain.on('error', () => {});
    await once(plain, 'connect');
    let near: Socket | undefined;
    const relay = createServer((socket) => {
      near = socket;
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => plain.write(chunk));
      plain.on('data', (chunk: Buffer) => socket.write(chunk));
    });
    await once(relay.listen(0, '127.0.0.1'), 'listening');
    const address = relay.address();
    const relayPort = typeof address === 'object' && address !== null ? address.port : 0;
    const secured = await connectTls(relayPort, { ALPNProtocols: ['h2'] });
    t.after(() => {
      secured.destroy();
      plain.destroy();
    });
    relay.close();
    if (near === undefined) {
      throw new Error('there is a connection that nobody has accepted');
    }
    const client = new CutTlsClient(secured, plain, near);
    secured.write(preface);
    secured.write(encodeFrame(frameType.settings, 0, 0));
    return client;
  }

  /** Sends a request that has a body, and nothing of that yet. */
  request(streamId: number): void {
    const endHeaders = 4;
    const head = encodeHeaders(requestHeaders);
    this.#secured.write(encodeFrame(frameType.headers, endHeaders, streamId, head));
  }

  /** Sends pings, each in a record of its own, and resets the connection at the same moment. */
  async pingAndReset(count: number): Promise<void> {
    this.#held = [];
    for (let i = 0; i < count; i++) {
      const ping = encodeFrame(frameType.ping, 0, 0, Buffer.alloc(8));
      await new Promise((onWritten) => this.#secured.write(ping, onWritten));
    }
    // A record of a ping: 9 + 8 bytes, and at least as many of TLS.
    await until(() => Buffer.concat(this.#held ?? []).length >= count * 34, 'the pings are held');
    this.#plain.write(Buffer.concat(this.#held));
    this.#plain.resetAndDestroy();
    this.#secured.destroy();
  }
}
