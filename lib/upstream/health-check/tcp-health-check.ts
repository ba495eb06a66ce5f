import type { HealthCheckConfig } from '../../config/health-check-config.js';
import {
  type AnswerReader,
  type HealthCheckProtocol,
  type HealthVerdict,
  passed,
} from './health-check-protocol.js';

/**
 * Sends bytes and waits for others: each block of `receive` in turn, with anything in between. With
 * nothing to receive, being connected is enough, and nothing is sent either: reference 4.5.3.
 */
export class TcpHealthCheck implements HealthCheckProtocol {
  readonly question: Buffer | undefined;
  /** What comes behind the awaited bytes may come late, and means nothing. */
  readonly ignoresStrayBytes: boolean = true;
  readonly #receive: readonly Buffer[];

  constructor({ send, receive }: Extract<HealthCheckConfig, { type: 'tcp' }>) {
    this.question = receive.length === 0 ? undefined : Buffer.from(send.join(''), 'hex');
    this.#receive = receive.map((block) => Buffer.from(block, 'hex'));
  }

  createReader(): AnswerReader {
    return new TcpAnswerReader(this.#receive);
  }
}

const nothing = Buffer.alloc(0);

/** Looks for blocks of bytes in what is read; keeps no more of it than may belong to one of them. */
class TcpAnswerReader implements AnswerReader {
  readonly isReusable: boolean = true;
  readonly #blocks: readonly Buffer[];
  /** How many of the blocks have been found. */
  #found = 0;
  /** The end of what has been read: the next block may begin in it. Shorter than that block. */
  #rest: Buffer = nothing;

  constructor(blocks: readonly Buffer[]) {
    this.#blocks = blocks;
  }

  read(buffer: Buffer, size: number): HealthVerdict | undefined {
    const read = buffer.subarray(0, size);
    const data = this.#rest.length === 0 ? read : Buffer.concat([this.#rest, read]);
    let pos = 0;
    for (;;) {
      const block = this.#blocks[this.#found];
      if (block === undefined) {
        return passed;
      }
      const start = data.indexOf(block, pos);
      if (start === -1) {
        // A copy, since the buffer is lent.
        this.#rest = Buffer.from(data.subarray(Math.max(pos, data.length - block.length + 1)));
        return undefined;
      }
      pos = start + block.length;
      this.#found++;
    }
  }

  end(): undefined {
    // What has not come by now does not come.
  }
}
