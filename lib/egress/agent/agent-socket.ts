import { SocketLike } from '../../http/socket-like.js';

const highWaterMark = 64 * 1024;

/** A stream with as much of a socket as clients of `node:http` make use of. It has no address. */
export abstract class AgentSocket extends SocketLike {
  bytesRead = 0;
  bytesWritten = 0;

  constructor() {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: highWaterMark,
      writableHighWaterMark: highWaterMark,
    });
    // A connection that waits for requests has nobody who listens.
    this.on('error', () => {});
  }

  address(): Record<string, never> {
    return {};
  }

  destroySoon(): void {
    if (this.writable) {
      this.end();
    }
    if (this.writableFinished) {
      this.destroy();
    } else {
      this.once('finish', () => this.destroy());
    }
  }

  /** The client has written. */
  protected noteWritten(bytes: number): void {
    this.bytesWritten += bytes;
    this.breakSilence();
  }

  /** There is something for the client to read. */
  protected noteRead(bytes: number): void {
    this.bytesRead += bytes;
    this.breakSilence();
  }
}
