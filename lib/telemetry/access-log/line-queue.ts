import { bytesOf } from '../../base/byte-string.js';
import type { FilesystemStats } from '../stats/filesystem-stats.js';

/** A chunk is made when this much has gathered. */
const chunkBytes = 64 * 1024;

/** What may wait for a slow disk or reader; lines beyond it are dropped. */
const maxWaitingBytes = 8 * 1024 * 1024;

/** Lines that have been made into bytes, to be written in one piece. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly lineCount: number;
  /** Called once the chunk has been written or dropped. */
  readonly waiters: (() => void)[];
}

/**
 * The lines that wait to be written to one file, in order and within bounds. Keeps those of the
 * statistics that concern lines.
 */
export class LineQueue {
  readonly #stats: FilesystemStats;
  /** Lines not yet made into a chunk, as one byte string. */
  #lines = '';
  #lineCount = 0;
  #chunks: Chunk[] = [];
  /** Bytes of `#lines` and `#chunks`. */
  #waitingBytes = 0;

  constructor(stats: FilesystemStats) {
    this.#stats = stats;
  }

  /** The oldest chunk. */
  get first(): Chunk | undefined {
    return this.#chunks[0];
  }

  /** The newest chunk. */
  get last(): Chunk | undefined {
    return this.#chunks.at(-1);
  }

  /** Takes a line, a byte string. Returns whether it has completed a chunk. */
  add(line: string): boolean {
    if (this.#waitingBytes + line.length > maxWaitingBytes) {
      this.#stats.writeDropped++;
      return false;
    }
    this.#lines += line;
    this.#lineCount++;
    this.#stats.writeBuffered++;
    this.#addWaitingBytes(line.length);
    if (this.#lines.length < chunkBytes) {
      return false;
    }
    this.seal();
    return true;
  }

  /**
   * Makes a chunk of what has gathered. Until then lines are strings that share memory with the
   * heads of their requests, which is why there may not be many of them.
   */
  seal(): void {
    if (this.#lineCount === 0) {
      return;
    }
    const bytes = bytesOf(this.#lines);
    this.#chunks.push({ bytes, lineCount: this.#lineCount, waiters: [] });
    // A character outside the byte range takes up more than the byte it was counted as.
    this.#addWaitingBytes(bytes.length - this.#lines.length);
    this.#lines = '';
    this.#lineCount = 0;
  }

  /** The oldest chunk has been written. */
  shift(): void {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#stats.writeCompleted++;
      this.#settle(chunk);
    }
  }

  /** Gives up all chunks. Lines of which none has been made yet remain. */
  drop(): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) {
      this.#stats.writeDropped += chunk.lineCount;
      this.#settle(chunk);
    }
  }

  #settle(chunk: Chunk): void {
    this.#addWaitingBytes(-chunk.bytes.length);
    for (const waiter of chunk.waiters) {
      waiter();
    }
  }

  #addWaitingBytes(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#stats.writeTotalBuffered += bytes;
  }
}
