import type { Duplex } from 'node:stream';
import type { HeaderList } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import { encodeRequestHead, encodeTrailers } from './http1-request-head.js';

const lastChunk = '0\r\n\r\n';

/**
 * Writes the requests of one connection, one at a time.
 *
 * A head without a body is one write. With a body, what is written in one turn of the event loop
 * is gathered, so that head and small body leave in one system call.
 */
export class Http1RequestWriter {
  readonly #socket: Duplex;
  readonly #stats: ClusterStats;
  #isEnded = true;
  #isChunked = false;
  #isCorked = false;
  #isBackedUp = false;

  constructor(socket: Duplex, stats: ClusterStats) {
    this.#socket = socket;
    this.#stats = stats;
  }

  /** Whether the request has been written to its end. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** A request begins; nothing of it has been written. */
  start(): void {
    this.#isEnded = false;
  }

  /** Writes the head. `endStream`: there is no body. */
  writeHead(head: RequestHead, endStream: boolean): void {
    const { text, isChunked } = encodeRequestHead(head, endStream);
    this.#isChunked = isChunked;
    if (endStream) {
      this.#isEnded = true;
    } else {
      this.#cork();
    }
    this.#writeText(text);
  }

  /** Writes a piece of the body. Returns false when the peer reads too slowly. */
  writeData(chunk: Uint8Array, endStream: boolean): boolean {
    const canGoOn = this.#isChunked
      ? this.#writeChunk(chunk, endStream)
      : chunk.length === 0 || this.#writeBytes(chunk);
    if (endStream) {
      this.#end();
    } else if (!canGoOn && !this.#isBackedUp) {
      this.#isBackedUp = true;
      this.#stats.upstreamFlowControlBackedUpTotal++;
    }
    return canGoOn;
  }

  /** Ends the body. */
  writeEnd(trailers: HeaderList | undefined): void {
    if (this.#isChunked) {
      this.#writeText(trailers === undefined ? lastChunk : encodeTrailers(trailers));
    }
    this.#end();
  }

  /** The socket has room again. */
  onDrain(): void {
    if (this.#isBackedUp) {
      this.#isBackedUp = false;
      this.#stats.upstreamFlowControlDrainedTotal++;
    }
  }

  #writeChunk(chunk: Uint8Array, endStream: boolean): boolean {
    if (chunk.length === 0) {
      // A chunk without bytes would be the last one.
      return !endStream || this.#writeText(lastChunk);
    }
    this.#cork();
    this.#writeText(`${chunk.length.toString(16)}\r\n`);
    this.#writeBytes(chunk);
    return this.#writeText(endStream ? `\r\n${lastChunk}` : '\r\n');
  }

  #writeText(text: string): boolean {
    this.#stats.upstreamCxTxBytesTotal += text.length;
    return this.#socket.write(text, 'latin1');
  }

  #writeBytes(bytes: Uint8Array): boolean {
    this.#stats.upstreamCxTxBytesTotal += bytes.length;
    return this.#socket.write(bytes);
  }

  #end(): void {
    this.#isEnded = true;
    this.#uncork();
  }

  #cork(): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(Http1RequestWriter.#uncorkOf, this);
    }
  }

  #uncork(): void {
    if (this.#isCorked) {
      this.#isCorked = false;
      this.#socket.uncork();
    }
  }

  /** Static, so that no closure is needed for each request. */
  static #uncorkOf(writer: Http1RequestWriter): void {
    writer.#uncork();
  }
}
