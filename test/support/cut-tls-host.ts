import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { RawUpstream } from './fake-upstream.js';
import { encodeFrame, frameType } from './frame-client.js';
import { shown, TlsUpstream } from './tls-upstream.js';
import { until } from './until.js';

/**
 * A host of HTTP/2 over TLS, which greets each connection and answers nothing. What it sends can be
 * held, so that it arrives together with the end of the connection.
 */
export class CutTlsHost {
  readonly raw: RawUpstream;
  #secured: TLSSocket | undefined = undefined;
  #plain: Socket | undefined = undefined;
  #held: Buffer[] | undefined = undefined;
  /** What has come, in the clear. */
  #receivedBytes = 0;

  private constructor(raw: RawUpstream) {
    this.raw = raw;
  }

  /** Starts a host, which is closed after the test but for `raw`. */
  static async start(t: TestContext): Promise<CutTlsHost> {
    const server = createServer({ ...shown('server'), ALPNProtocols: ['h2'] });
    const inner = await TlsUpstream.of(t, server);
    const host = new CutTlsHost(await RawUpstream.start((socket) => host.#relay(socket, inner)));
    server.on('secureConnection', (secured: TLSSocket) => {
      host.#secured = secured;
      secured.on('data', (chunk: Buffer) => {
        host.#receivedBytes += chunk.length;
      });
      secured.write(encodeFrame(frameType.settings, 0, 0));
    });
    return host;
  }

  /** Resolves when so much more than a greeting has come. */
  untilReceived(bytes: number): Promise<void> {
    return until(() => this.#receivedBytes >= bytes, 'the request has come');
  }

  /** Sends pings, each in a record of its own, and resets the connection at the same moment. */
  async pingAndReset(count: number): Promise<void> {
    this.#held = [];
    for (let i = 0; i < count; i++) {
      await new Promise((onWritten) =>
        this.#secured?.write(encodeFrame(frameType.ping, 0, 0, Buffer.alloc(8)), onWritten),
      );
    }
    // A record of a ping: 9 + 8 bytes, and at least as many of TLS.
    await until(() => Buffer.concat(this.#held ?? []).length >= count * 34, 'the pings are held');
    this.#plain?.write(Buffer.concat(this.#held));
    this.#plain?.resetAndDestroy();
  }

  #relay(plain: Socket, inner: TlsUpstream): void {
    const port = Number(new URL(inner.url.replace('tcp:', 'http:')).port);
    const behind = connect(port, '127.0.0.1');
    this.#plain = plain;
    plain.on('data', (chunk: Buffer) => behind.write(chunk));
    plain.on('close', () => behind.destroy());
    behind.on('error', () => {});
    behind.on('data', (chunk: Buffer) => {
      if (this.#held === undefined) {
        plain.write(chunk);
      } else {
        this.#held.push(chunk);
      }
    });
  }
}
