import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import type { CountedStream } from './write-watch.js';

/** Counts for the cluster what has come and gone by one connection. */
export class ByteCount {
  readonly #stream: CountedStream;
  readonly #stats: ClusterStats;
  #read = 0;
  #written = 0;

  constructor(stream: CountedStream, stats: ClusterStats) {
    this.#stream = stream;
    this.#stats = stats;
  }

  /** Counts what has been added since the last call. */
  update(): void {
    const { bytesRead = 0, bytesWritten = 0 } = this.#stream;
    this.#stats.upstreamCxRxBytesTotal += bytesRead - this.#read;
    this.#stats.upstreamCxTxBytesTotal += bytesWritten - this.#written;
    this.#read = bytesRead;
    this.#written = bytesWritten;
  }
}
