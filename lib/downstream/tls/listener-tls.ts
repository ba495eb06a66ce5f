import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import type { Clock } from '../../base/clock.js';
import { describeProblem } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import { FileWatch } from '../../base/tls/file-watch.js';
import type { LoadedCertificate } from '../../base/tls/loaded-certificate.js';
import { findUnmetPin } from '../../base/tls/peer-pins.js';
import type { CodecType } from '../../config/connection-manager-config.js';
import type { ListenerTlsConfig } from '../../config/tls-config.js';
import type { TlsStats } from '../../telemetry/stats/tls-stats.js';
import { filesOf, type ListenerTlsMaterial, loadListenerTls } from './listener-tls-material.js';

/** A client that has not finished its handshake by then holds a socket for nothing. */
const handshakeTimeoutMs = 15_000;

/** What is spoken, by ALPN's names; what else is configured is not offered. */
const spokenProtocols: Readonly<Record<CodecType, readonly string[]>> = {
  auto: ['h2', 'http/1.1'],
  http1: ['http/1.1'],
  http2: ['h2'],
};

/** What the TLS of a listener is made of. */
export interface ListenerTlsParts {
  readonly config: ListenerTlsConfig;
  readonly codecType: CodecType;
  readonly material: ListenerTlsMaterial;
  readonly stats: TlsStats;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
}

/**
 * The TLS of one listener: its certificates, which are read again when their files change, and the
 * check of clients. A client that does not pass is cut before any request of it is read.
 */
export class ListenerTls {
  readonly #parts: ListenerTlsParts;
  readonly #isCertificateRequired: boolean;
  /** Connections in their handshake, by `keyOf`: there is no other way from one socket to its other. */
  readonly #handshakes = new Map<string, Handshake>();
  readonly #watch: FileWatch;
  #material: ListenerTlsMaterial;
  #server: TlsServer | undefined = undefined;
  #lastFailure = '';

  constructor(parts: ListenerTlsParts) {
    this.#parts = parts;
    this.#material = parts.material;
    const { config } = parts;
    this.#isCertificateRequired =
      config.requireClientCertificate ||
      config.verifyCertificateHash !== undefined ||
      config.verifySubjectAltNames.length > 0;
    this.#watch = new FileWatch(filesOf(config), parts.material.stamp, parts.clock, () =>
      this.#reload(),
    );
  }

  /** The certificates in use. */
  get certificates(): readonly LoadedCertificate[] {
    return this.#material.certificates;
  }

  /** The options of the server that it is then attached to. */
  get serverOptions(): TlsOptions {
    const { codecType, config } = this.#parts;
    const { alpnProtocols, caCertFile } = config;
    const spoken = spokenProtocols[codecType];
    return {
      ...this.#material.secureContext,
      // In the configured order, of which the first that the client knows is taken.
      ALPNProtocols: alpnProtocols.filter((name) => spoken.includes(name)),
      requestCert: this.#isCertificateRequired || caCertFile !== undefined,
      // Clients are refused by `#verify`, which knows why and counts it.
      rejectUnauthorized: false,
    };
  }

  /**
   * Takes the handshakes of a server in hand: the server must have the `serverOptions`. Calls
   * `onSecure` for every connection that may go on; for one that may not, the socket is destroyed
   * before the listeners that were there hear of it.
   */
  attach(server: TlsServer, onSecure: (socket: TLSSocket) => void): void {
    this.#server = server;
    server.on('connection', (socket: Socket) => this.#onConnection(socket));
    server.on('tlsClientError', () => {
      this.#parts.stats.connectionError++;
    });
    server.prependListener('secureConnection', (socket) => {
      this.#handshakes.get(keyOf(socket))?.stop();
      if (this.#verify(socket)) {
        onSecure(socket);
      } else {
        socket.destroy();
      }
    });
  }

  /** Begins to watch the files. Called once, when the listener is bound. */
  start(): void {
    this.#watch.start();
  }

  /** Cuts the connections whose handshake is under way. They have not asked for anything. */
  cutHandshakes(): void {
    for (const { socket } of this.#handshakes.values()) {
      socket.destroy();
    }
  }

  /** Watches the files no more. Idempotent. */
  close(): void {
    this.#watch.close();
  }

  #onConnection(socket: Socket): void {
    const key = keyOf(socket);
    const timer = new WheelTimer({ onDeadline: () => socket.destroy() });
    const stop = (): void => {
      timer.stop();
      if (this.#handshakes.get(key) === handshake) {
        this.#handshakes.delete(key);
      }
    };
    const handshake: Handshake = { socket, stop };
    this.#handshakes.set(key, handshake);
    this.#parts.wheel.start(timer, handshakeTimeoutMs);
    socket.on('close', stop);
  }

  /** Whether a client may go on, with all that is counted about it: reference 1.2.2 and 8.4. */
  #verify(socket: TLSSocket): boolean {
    const { config, stats } = this.#parts;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      if (this.#isCertificateRequired) {
        stats.failVerifyNoCert++;
        return false;
      }
      stats.noCertificate++;
    } else {
      if (config.caCertFile !== undefined && !socket.authorized) {
        stats.failVerifyError++;
        return false;
      }
      switch (findUnmetPin(certificate, config)) {
        case 'subject-alt-name':
          stats.failVerifySan++;
          return false;
        case 'hash':
          stats.failVerifyCertHash++;
          return false;
        case undefined:
          break;
      }
    }
    stats.handshake++;
    stats.chargeCipher(socket.getCipher().name);
    if (socket.isSessionReused()) {
      stats.sessionReused++;
    }
    return true;
  }

  /** Uses what the files hold now; if that cannot be used, what they held before stays in use. */
  async #reload(): Promise<boolean> {
    const { config, clock, log } = this.#parts;
    const loaded = await loadListenerTls(config, clock.wallNow());
    if (loaded.problems !== undefined) {
      const failure = loaded.problems.map(describeProblem).join('; ');
      if (failure !== this.#lastFailure) {
        this.#lastFailure = failure;
        log.error(`the TLS files have changed, but those from before stay in use: ${failure}`);
      }
      return false;
    }
    this.#lastFailure = '';
    this.#material = loaded.material;
    this.#server?.setSecureContext(loaded.material.secureContext);
    log.info(`${config.path}: the TLS files have changed; new connections use them`);
    return true;
  }
}

/** A connection whose handshake is under way. */
interface Handshake {
  /** The one below TLS. */
  readonly socket: Socket;
  readonly stop: () => void;
}

/** The same for both sockets of a connection, with TLS and below it. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
