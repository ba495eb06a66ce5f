import assert from 'node:assert/strict';
import type { HeaderList } from '../../lib/http/headers.js';
import {
  Http1ResponseParser,
  type ParserError,
  type ResponseSink,
} from '../../lib/upstream/connection/http1-response-parser.js';
import type { ExpectedHead, FuzzRandom } from './response-generator.js';

/** What became of a response. `cut-short`: the bytes ended before the message did. */
export type Verdict = 'complete' | 'refused' | 'cut-short';

/** Everything that a parser told of one response. */
export interface RecordedResponse {
  verdict: Verdict;
  error: ParserError | undefined;
  consumed: number;
  keepAlive: boolean;
  informational: ExpectedHead[];
  head: ExpectedHead | undefined;
  hasBody: boolean | undefined;
  /** As latin1. */
  body: string;
  trailers: HeaderList | undefined;
}

/** Records what it is told, and fails if the order of the contract is broken. */
export class RecordingSink implements ResponseSink {
  readonly informational: ExpectedHead[] = [];
  head: ExpectedHead | undefined = undefined;
  hasBody: boolean | undefined = undefined;
  body = '';
  trailers: HeaderList | undefined = undefined;
  isEnded = false;

  onInformational(status: number, headers: HeaderList): void {
    assert.equal(this.head, undefined, 'informational after the head');
    this.informational.push({ status, headers });
  }

  onHead(status: number, headers: HeaderList, hasBody: boolean): void {
    assert.equal(this.head, undefined, 'a second head');
    this.head = { status, headers };
    this.hasBody = hasBody;
  }

  onData(chunk: Buffer, start: number, end: number): void {
    assert.equal(this.hasBody, true, 'data without a body');
    assert.equal(this.isEnded, false, 'data after the end');
    assert.ok(start < end, 'empty data');
    this.body += chunk.toString('latin1', start, end);
  }

  onEnd(trailers: HeaderList | undefined): void {
    assert.ok(this.head !== undefined, 'the end before the head');
    assert.equal(this.isEnded, false, 'a second end');
    this.trailers = trailers;
    this.isEnded = true;
  }
}

/** How a response reaches the parser. */
export interface Delivery {
  readonly method?: string;
  readonly maxHeadBytes?: number;
  /** Where the bytes are split, in rising order. */
  readonly splits?: readonly number[];
}

/** Parses `raw` (latin1), followed by the close of the connection. */
export function parseResponse(raw: string, delivery: Delivery = {}): RecordedResponse {
  const sink = new RecordingSink();
  const { maxHeadBytes } = delivery;
  const parser =
    maxHeadBytes === undefined
      ? new Http1ResponseParser(sink)
      : new Http1ResponseParser(sink, { maxHeadBytes });
  parser.start(delivery.method ?? 'GET');
  const consumed = feed(parser, Buffer.from(raw, 'latin1'), delivery.splits ?? []);
  const isComplete = parser.isComplete || (parser.error === undefined && parser.finish());
  assert.equal(isComplete, parser.isComplete);
  assert.equal(isComplete, sink.isEnded);
  assert.equal(parser.isUntouched, raw.length === 0);
  return {
    verdict: isComplete ? 'complete' : parser.error !== undefined ? 'refused' : 'cut-short',
    error: parser.error,
    consumed,
    keepAlive: parser.keepAlive,
    informational: sink.informational,
    head: sink.head,
    hasBody: sink.hasBody,
    body: sink.body,
    trailers: sink.trailers,
  };
}

/**
 * Feeds `bytes` piece by piece and returns how many were consumed. The pieces lie in the middle
 * of a buffer that is overwritten after each, as a read buffer is that connections share.
 */
function feed(parser: Http1ResponseParser, bytes: Buffer, splits: readonly number[]): number {
  const margin = 2;
  const readBuffer = Buffer.alloc(bytes.length + 2 * margin, '\n');
  let start = 0;
  for (const end of [...splits, bytes.length]) {
    bytes.copy(readBuffer, margin, start, end);
    const consumed = parser.execute(readBuffer, margin, margin + end - start);
    readBuffer.fill('\n', margin, margin + end - start);
    if (consumed !== end - start) {
      assert.ok(parser.isComplete || parser.error !== undefined, 'bytes left without a reason');
      return start + consumed;
    }
    start = end;
  }
  return start;
}

/** Returns a few random places to split `length` bytes at. */
export function randomSplits(random: FuzzRandom, length: number): number[] {
  const splits: number[] = [];
  const widest = random.pick([5, 50, 500, 5000]);
  for (let at = random.below(widest); at < length; at += 1 + random.below(widest)) {
    splits.push(at);
  }
  return splits;
}

/** Returns the places that split `length` bytes into single ones. */
export function everySplit(length: number): number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, at) => at + 1);
}
