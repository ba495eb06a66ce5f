import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.js';
import { describeProblem } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { FileWatch } from '../../base/tls/file-watch.js';
import type { LoadedCertificate } from '../../base/tls/loaded-certificate.js';
import { findUnmetPin } from '../../base/tls/peer-pins.js';
import type { ClusterTlsConfig } from '../../config/tls-config.js';
import type { TlsStats } from '../../telemetry/stats/tls-stats.js';
import { type ClusterTlsMaterial, filesOf, loadClusterTls } from './cluster-tls-material.js';

/** What the TLS of a cluster is made of. */
export interface ClusterTlsParts {
  readonly config: ClusterTlsConfig;
  readonly stats: TlsStats;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a secure connection tells beside what every socket does. */
export const securedEvent = 'pillion:secured';

/**
 * The TLS of one cluster: its certificates, which are read again when their files change, and the
 * check of hosts. A host that does not pass is cut before anything is sent to it.
 */
export class ClusterTls {
  readonly #parts: ClusterTlsParts;
  #material: ClusterTlsMaterial | undefined = undefined;
  #watch: FileWatch | undefined = undefined;
  #lastFailure = '';
  #isClosed = false;

  constructor(parts: ClusterTlsParts) {
    this.#parts = parts;
  }

  /** The certificates in use. */
  get certificates(): readonly LoadedCertificate[] {
    return this.#material?.certificates ?? [];
  }

  /** That of now; sessions of another are not resumed. */
  get material(): object | undefined {
    return this.#material;
  }

  /** The protocols to be offered, in their order. */
  get alpnProtocols(): readonly string[] {
    return this.#parts.config.alpnProtocols;
  }

  /**
   * Reads the files, and begins to watch them. Calls `onDone` once, when they can be used or it is
   * known that they cannot: then every connection fails until they can. Called once.
   */
  start(onDone: () => void): void {
    void this.#load().finally(() => {
      if (!this.#isClosed) {
        onDone();
      }
    });
  }

  /** Watches the files no more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  /** Opens a connection, which emits `securedEvent` when it is known who the host is. */
  open(options: ConnectionOptions & { readonly highWaterMark: number }): TLSSocket | Duplex {
    const material = this.#material;
    if (material === undefined) {
      return createBroken();
    }
    const { sni } = this.#parts.config;
    const socket = connect({
      ...options,
      secureContext: material.secureContext,
      ...(sni === undefined ? {} : { servername: sni }),
      // Hosts are refused by `#verify`, which knows why and counts it. There is no name that they must
      // have but those of `verify_subject_alt_name`.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    let isConnected = false;
    let isSecured = false;
    socket.on('connect', () => {
      isConnected = true;
    });
    socket.on('error', () => {
      if (isConnected && !isSecured) {
        this.#parts.stats.connectionError++;
      }
    });
    socket.on('secureConnect', () => {
      isSecured = true;
      if (this.#verify(socket)) {
        socket.emit(securedEvent);
      } else {
        socket.destroy();
      }
    });
    return socket;
  }

  /** Whether a host is who it should be, with all that is counted about it: reference 1.6.3. */
  #verify(socket: TLSSocket): boolean {
    const { config, stats } = this.#parts;
    if (config.caCertFile !== undefined && !socket.authorized) {
      stats.failVerifyError++;
      return false;
    }
    const certificate = socket.getPeerX509Certificate();
    const hasPins =
      config.verifyCertificateHash !== undefined || config.verifySubjectAltNames.length > 0;
    // A session that is resumed has none: it was looked at when the session was made, and only sessions
    // of hosts that have passed are kept.
    if (certificate === undefined && hasPins && !socket.isSessionReused()) {
      stats.failVerifyNoCert++;
      return false;
    }
    switch (certificate && findUnmetPin(certificate, config)) {
      case 'subject-alt-name':
        stats.failVerifySan++;
        return false;
      case 'hash':
        stats.failVerifyCertHash++;
        return false;
      case undefined:
        break;
    }
    stats.handshake++;
    stats.chargeCipher(socket.getCipher().name);
    if (socket.isSessionReused()) {
      stats.sessionReused++;
    }
    return true;
  }

  /** Uses what the files hold now; if that cannot be used, what they held before stays in use. */
  async #load(): Promise<boolean> {
    const { config, clock, log } = this.#parts;
    const isFirst = this.#watch === undefined;
    const loaded = await loadClusterTls(config, clock.wallNow());
    if (isFirst && !this.#isClosed) {
      const stamp = loaded.problems === undefined ? loaded.material.stamp : '';
      this.#watch = new FileWatch(filesOf(config), stamp, clock, () => this.#load());
      this.#watch.start();
    }
    if (loaded.problems !== undefined) {
      const failure = loaded.problems.map(describeProblem).join('; ');
      if (failure !== this.#lastFailure) {
        this.#lastFailure = failure;
        log.error(
          this.#material === undefined
            ? `the TLS files cannot be used, so no host is connected to: ${failure}`
            : `the TLS files have changed, but those from before stay in use: ${failure}`,
        );
      }
      return false;
    }
    this.#lastFailure = '';
    this.#material = loaded.material;
    if (!isFirst) {
      log.info(`${config.path}: the TLS files have changed; new connections use them`);
    }
    return true;
  }
}

/** What is to be encrypted must not leave in the clear: a connection that comes to nothing. */
function createBroken(): Duplex {
  const broken = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() });
  process.nextTick(() => broken.destroy(new Error('the TLS files cannot be used')));
  return broken;
}
