import type { HealthCheckConfig } from '../../config/health-check-config.js';
import {
  type AnswerReader,
  type HealthCheckProtocol,
  type HealthVerdict,
  passed,
} from './health-check-protocol.js';

/**
 * `PING`, to which a host must answer with `PONG`; or, with a key, `EXISTS`, which must say that there
 * is no such key: reference 4.5.3.
 */
export class RedisHealthCheck implements HealthCheckProtocol {
  readonly question: Buffer;
  /** A reply that nobody has asked for would become that to the next check. */
  readonly ignoresStrayBytes: boolean = false;
  readonly #expected: string;

  constructor({ redisKey }: Extract<HealthCheckConfig, { type: 'redis' }>) {
    const words = redisKey === undefined ? ['PING'] : ['EXISTS', redisKey];
    this.question = encodeCommand(words);
    this.#expected = redisKey === undefined ? '+PONG' : ':0';
  }

  createReader(): AnswerReader {
    return new RedisAnswerReader(this.#expected);
  }
}

/** A command is an array of texts, each with its length in bytes in front. */
function encodeCommand(words: readonly string[]): Buffer {
  const texts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${texts.join('')}`);
}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** A longer line is no reply: Redis itself takes no longer ones. */
const maxLineBytes = 64 * 1024;
/** As much of a line is kept, to be compared and, if it is an error, told. */
const maxKeptBytes = 128;

const notRedis: HealthVerdict = {
  kind: 'network',
  reason: 'the answer is not that of a Redis server',
};

/** A line that begins a reply: a text, an error, a number, the length of a text or of an array. */
const replyPattern = /^(?:[+-]|[:$*]-?\d+$)/;

/**
 * Reads the first line of a reply. Neither of the two that are expected has more, and of any other it
 * says enough.
 */
class RedisAnswerReader implements AnswerReader {
  isReusable = false;
  readonly #expected: string;
  /** The line so far, as latin1, and no more of it than `maxKeptBytes`. */
  #line = '';
  #lineBytes = 0;
  /** Whether the last byte was a carriage return. */
  #isEnding = false;

  constructor(expected: string) {
    this.#expected = expected;
  }

  read(buffer: Buffer, size: number): HealthVerdict | undefined {
    for (let pos = 0; pos < size; pos++) {
      const byte = buffer[pos] as number;
      if (this.#isEnding !== (byte === lineFeed) || ++this.#lineBytes > maxLineBytes) {
        return notRedis;
      }
      if (byte === lineFeed) {
        return this.#judge(pos + 1 === size);
      }
      this.#isEnding = byte === carriageReturn;
      if (!this.#isEnding && this.#line.length < maxKeptBytes) {
        this.#line += String.fromCharCode(byte);
      }
    }
    return undefined;
  }

  end(): undefined {
    // The line is not complete.
  }

  /** `isLast`: nothing has come behind the line. */
  #judge(isLast: boolean): HealthVerdict {
    const line = this.#line;
    if (line === this.#expected) {
      this.isReusable = isLast;
      return passed;
    }
    if (!replyPattern.test(line)) {
      return notRedis;
    }
    // What a text or an array goes on with has not been read.
    this.isReusable = isLast && !/^[$*]/.test(line);
    return { kind: 'active', reason: `it answers ${JSON.stringify(line)}` };
  }
}
