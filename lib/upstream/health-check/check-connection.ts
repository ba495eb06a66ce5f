import type { Duplex } from 'node:stream';
import type { Host } from '../host.js';
import type { AnswerReader, HealthCheckProtocol, HealthVerdict } from './health-check-protocol.js';

/** Hears what has become of a check. */
export interface CheckObserver {
  /** Called once for each `ask`, unless `close` comes first. */
  onVerdict(verdict: HealthVerdict): void;
}

/**
 * The connection that the checks of one host go over, one at a time. It is opened for the first of
 * them, and anew whenever it has been closed meanwhile.
 *
 * It is none of the pool, so it is neither counted nor limited with those that carry requests.
 */
export class CheckConnection {
  readonly #host: Host;
  readonly #protocol: HealthCheckProtocol;
  readonly #isKept: boolean;
  readonly #observer: CheckObserver;
  #socket: Duplex | undefined = undefined;
  /** Where the connection goes to. */
  #address = '';
  /** While a check is under way. */
  #reader: AnswerReader | undefined = undefined;
  /** Whether the check under way goes over a connection that has served another, and nothing came. */
  #mayBeStale = false;

  /** `isKept`: whether a connection serves more than one check. */
  constructor(host: Host, protocol: HealthCheckProtocol, isKept: boolean, observer: CheckObserver) {
    this.#host = host;
    this.#protocol = protocol;
    this.#isKept = isKept;
    this.#observer = observer;
  }

  /** Begins a check. Only while none is under way. */
  ask(): void {
    if (this.#address !== this.#host.address) {
      // The host has moved, and what answers at its old address says nothing of it.
      this.close();
    }
    this.#reader = this.#protocol.createReader();
    if (this.#socket === undefined) {
      this.#open();
    } else {
      this.#mayBeStale = true;
      this.#send(this.#socket);
    }
  }

  /** Gives up the check under way, if there is one, and closes the connection. */
  close(): void {
    const socket = this.#socket;
    this.#reader = undefined;
    // First: what the socket has to say from now on concerns nobody.
    this.#socket = undefined;
    socket?.destroy();
  }

  #open(): void {
    this.#mayBeStale = false;
    this.#address = this.#host.address;
    const socket = this.#host.openCheckConnection(
      (size, buffer) => {
        this.#onRead(socket, size, buffer);
        return true;
      },
      () => this.#onOpen(socket),
    );
    this.#socket = socket;
    socket.on('end', () => this.#onEnd(socket));
    socket.on('error', (error) => this.#onGone(socket, error.message));
    socket.on('close', () => this.#onGone(socket, 'the connection was closed'));
  }

  #onOpen(socket: Duplex): void {
    if (socket === this.#socket) {
      this.#send(socket);
    }
  }

  #send(socket: Duplex): void {
    const { question } = this.#protocol;
    if (question === undefined) {
      this.#finish({ kind: 'success' }, false);
    } else if (question.length > 0) {
      socket.write(question);
    }
  }

  #onRead(socket: Duplex, size: number, buffer: Uint8Array): void {
    if (socket !== this.#socket) {
      return;
    }
    const reader = this.#reader;
    if (reader === undefined) {
      if (!this.#protocol.ignoresStrayBytes) {
        this.close();
      }
      return;
    }
    this.#mayBeStale = false;
    // The connector lends a Buffer; `net` declares less.
    const verdict = reader.read(buffer as Buffer, size);
    if (verdict !== undefined) {
      this.#finish(verdict, reader.isReusable);
    }
  }

  /** The host has closed its half; nothing more can come of this connection. */
  #onEnd(socket: Duplex): void {
    const verdict = socket === this.#socket ? this.#reader?.end() : undefined;
    if (verdict === undefined) {
      this.#onGone(socket, 'the connection was closed');
    } else {
      this.#finish(verdict, false);
    }
  }

  #onGone(socket: Duplex, reason: string): void {
    if (socket !== this.#socket) {
      return;
    }
    const reader = this.#reader;
    if (reader !== undefined && this.#mayBeStale) {
      // Hosts close idle connections whenever they like, which says nothing of their health.
      this.close();
      this.#reader = reader;
      this.#open();
    } else if (reader !== undefined) {
      this.#finish({ kind: 'network', reason }, false);
    } else {
      this.close();
    }
  }

  #finish(verdict: HealthVerdict, isReusable: boolean): void {
    if (this.#isKept && isReusable) {
      this.#reader = undefined;
    } else {
      this.close();
    }
    this.#observer.onVerdict(verdict);
  }
}
