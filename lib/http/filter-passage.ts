import type { FilterStatus, HttpFilter } from './filter.js';
import { type HeaderList, removeHeader, setHeader } from './headers.js';

/** What waits behind a filter that has stopped. */
interface HeldMessage<Head> {
  /** Of the filter that has stopped. The filters in front of it have seen everything here. */
  readonly index: number;
  /** Whether the body goes on arriving, seen by the filter that has stopped. */
  readonly isBuffering: boolean;
  readonly head: Head;
  chunks: Buffer[];
  bytes: number;
  isEnded: boolean;
  /** Whether whoever sends was asked to wait. */
  isPaused: boolean;
  trailers: HeaderList | undefined;
}

/**
 * One direction of the way through the filters: the same rules for requests and for responses. What
 * a filter is asked, and what becomes of what has passed all of them, is told by the directions.
 */
export abstract class FilterPassage<Head extends { readonly headers: HeaderList }> {
  readonly #filters: readonly HttpFilter[];
  /** How many of the filters take part. */
  #count: number;
  #held: HeldMessage<Head> | undefined = undefined;
  /** Whether a filter is being asked about a head, and whether it has said to go on meanwhile. */
  #isAsking = false;
  #isContinuedEarly = false;
  #earlyBody: Buffer | undefined = undefined;
  #hasHeld = false;
  #isClosed = false;

  constructor(filters: readonly HttpFilter[]) {
    this.#filters = filters;
    this.#count = filters.length;
  }

  /** Whether a filter has held the message back, now or before. */
  get hasHeld(): boolean {
    return this.#hasHeld;
  }

  /** Takes the head. `moreFollows` as in `ResponseDecoder.decodeHead`. */
  head(head: Head, endStream: boolean, moreFollows: boolean): void {
    this.#headFrom(0, head, endStream, moreFollows);
  }

  /** Takes a piece of the body. Returns whether more of it is welcome. */
  data(chunk: Buffer, endStream: boolean): boolean {
    return this.#isClosed || this.#dataFrom(0, chunk, endStream);
  }

  /** Takes the end, if no earlier call was the last. */
  end(trailers: HeaderList | undefined): void {
    if (!this.#isClosed) {
      this.#endFrom(0, trailers);
    }
  }

  /** Goes on behind the filter that has stopped; `body` takes the place of what was buffered. */
  continue(body?: Buffer): void {
    const held = this.#held;
    if (held === undefined) {
      this.#isContinuedEarly = this.#isAsking;
      this.#earlyBody = body;
      return;
    }
    if (body !== undefined) {
      replaceBody(held, body);
    }
    if (held.isPaused) {
      held.isPaused = false;
      // Whoever is slow behind this filter says so again, below. Still held, since what is sent at
      // once by whoever hears of it comes behind what waits.
      this.setPaused(false);
    }
    if (this.#held === held) {
      this.#held = undefined;
      this.#release(held);
    }
  }

  /** Nothing goes on any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#held = undefined;
  }

  protected abstract askHead(filter: HttpFilter, head: Head, endStream: boolean): FilterStatus;
  protected abstract askData(
    filter: HttpFilter,
    chunk: Buffer,
    endStream: boolean,
  ): Buffer | undefined;
  protected abstract askEnd(
    filter: HttpFilter,
    trailers: HeaderList | undefined,
  ): Buffer | undefined;
  protected abstract passHead(head: Head, endStream: boolean, moreFollows: boolean): void;
  protected abstract passData(chunk: Buffer, endStream: boolean): boolean;
  protected abstract passEnd(trailers: HeaderList | undefined): void;
  /** Asks whoever sends to wait, or to go on. */
  protected abstract setPaused(isPaused: boolean): void;
  /** How many bytes may be buffered; 0 for no limit. */
  protected abstract get bufferLimit(): number;
  /** More than that has come. */
  protected abstract onTooLarge(): void;

  #headFrom(first: number, head: Head, endStream: boolean, moreFollows: boolean): void {
    const filters = this.#filters;
    for (let i = first; i < this.#count; i++) {
      this.#isAsking = true;
      this.#isContinuedEarly = false;
      // The index is below the length.
      const status = this.askHead(filters[i] as HttpFilter, head, endStream);
      this.#isAsking = false;
      if (this.#isClosed) {
        return;
      }
      if (status === 'answer') {
        this.#count = i + 1;
        return;
      }
      const earlyBody = this.#takeEarlyBody();
      if (status !== 'continue' && (!this.#isContinuedEarly || earlyBody !== undefined)) {
        this.#hasHeld = true;
        this.#held = holdHead(i, status === 'buffer', head, endStream);
        if (earlyBody !== undefined) {
          this.continue(earlyBody);
        }
        return;
      }
    }
    this.passHead(head, endStream, moreFollows);
  }

  #takeEarlyBody(): Buffer | undefined {
    const body = this.#earlyBody;
    this.#earlyBody = undefined;
    return body;
  }

  /** `first` is the first filter that has not seen the piece. */
  #dataFrom(first: number, chunk: Buffer, endStream: boolean): boolean {
    let piece = chunk;
    // Asked anew each time: a filter may have what is held go on, which this piece then follows.
    for (let i = first; i < (this.#held?.index ?? this.#count); i++) {
      piece = this.askData(this.#filters[i] as HttpFilter, piece, endStream) ?? piece;
      if (this.#isClosed || (piece.length === 0 && !endStream)) {
        return true;
      }
    }
    const held = this.#held;
    if (held !== undefined) {
      return this.#hold(held, piece, endStream);
    }
    if (piece.length > 0 || chunk.length === 0) {
      return this.passData(piece, endStream);
    }
    this.passEnd(undefined);
    return true;
  }

  #endFrom(first: number, trailers: HeaderList | undefined): void {
    for (let i = first; i < (this.#held?.index ?? this.#count); i++) {
      const rest = this.askEnd(this.#filters[i] as HttpFilter, trailers);
      if (rest !== undefined && rest.length > 0 && !this.#isClosed) {
        this.#dataFrom(i + 1, rest, false);
      }
      if (this.#isClosed) {
        return;
      }
    }
    const held = this.#held;
    if (held === undefined) {
      this.passEnd(trailers?.length === 0 ? undefined : trailers);
      return;
    }
    held.isEnded = true;
    held.trailers = trailers;
    if (held.isBuffering) {
      this.askEnd(this.#filters[held.index] as HttpFilter, trailers);
    }
  }

  #hold(held: HeldMessage<Head>, chunk: Buffer, endStream: boolean): boolean {
    held.chunks.push(chunk);
    held.bytes += chunk.length;
    held.isEnded = endStream;
    if (!held.isBuffering) {
      // What waits must not grow: the peer is asked to wait too.
      held.isPaused = true;
      this.setPaused(true);
      return false;
    }
    const limit = this.bufferLimit;
    if (limit > 0 && held.bytes > limit) {
      this.onTooLarge();
    } else {
      this.askData(this.#filters[held.index] as HttpFilter, chunk, endStream);
    }
    return true;
  }

  #release(held: HeldMessage<Head>): void {
    const { index, isBuffering, head, chunks, isEnded, trailers } = held;
    const endsWithTrailers = trailers !== undefined;
    const endsWithHead = isEnded && chunks.length === 0 && !endsWithTrailers;
    this.#headFrom(index + 1, head, endsWithHead, chunks.length > 0 || endsWithTrailers);
    // Another filter may have stopped in turn; then the pieces wait with it. One that has been
    // buffering has seen them already.
    const first = isBuffering ? index + 1 : index;
    let isWelcome = true;
    for (let i = 0; i < chunks.length && !this.#isClosed; i++) {
      const isLast = isEnded && !endsWithTrailers && i === chunks.length - 1;
      isWelcome = this.#dataFrom(first, chunks[i] as Buffer, isLast);
    }
    if (endsWithTrailers && !this.#isClosed) {
      this.#endFrom(first, trailers);
    } else if (!(isEnded || this.#isClosed) && isWelcome === held.isPaused) {
      this.setPaused(!isWelcome);
    }
  }
}

function holdHead<Head>(
  index: number,
  isBuffering: boolean,
  head: Head,
  isEnded: boolean,
): HeldMessage<Head> {
  return {
    index,
    isBuffering,
    head,
    chunks: [],
    bytes: 0,
    isEnded,
    isPaused: false,
    trailers: undefined,
  };
}

function replaceBody<Head extends { readonly headers: HeaderList }>(
  held: HeldMessage<Head>,
  body: Buffer,
): void {
  held.chunks = body.length > 0 ? [body] : [];
  // A filter may have emptied the trailers, which then are not sent.
  if (held.isEnded && (held.trailers?.length ?? 0) === 0) {
    setHeader(held.head.headers, 'content-length', String(body.length));
  } else {
    // More follows: what was announced is not the length of the new whole.
    removeHeader(held.head.headers, 'content-length');
  }
}
