import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Longer than anything takes on a machine under load; only a failing test waits that long. */
const patienceMs = 20_000;

/** A connection on which a test writes and reads bytes, as latin1. It never waits for ever. */
export class WireClient {
  readonly socket: Socket;
  #received = '';
  #hasEnded = false;
  #wake: (() => void) | undefined = undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      this.#wake?.();
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#hasEnded = true;
        this.#wake?.();
      });
    }
  }

  static async connect(port: number): Promise<WireClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  /** Everything read so far. */
  get received(): string {
    return this.#received;
  }

  /** Whether the peer has closed. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when what has been read contains `text`; rejects if the connection ends before. */
  async until(text: string): Promise<string> {
    await this.#wait(() => this.#received.includes(text) || this.#hasEnded, `it reads ${text}`);
    if (!this.#received.includes(text)) {
      throw new Error(`the connection ended after: ${JSON.stringify(this.#received)}`);
    }
    return this.#received;
  }

  /** Resolves with all that was read when the peer has closed. */
  async untilClosed(): Promise<string> {
    await this.#wait(() => this.#hasEnded, 'the peer closes');
    this.socket.destroy();
    return this.#received;
  }

  #wait(isDone: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const excerpt = JSON.stringify(this.#received.slice(0, 2000));
        reject(new Error(`the client waited in vain until ${what}; it has read: ${excerpt}`));
      }, patienceMs);
      this.#wake = () => {
        if (isDone()) {
          this.#wake = undefined;
          clearTimeout(timer);
          resolve();
        }
      };
      this.#wake();
    });
  }
}
