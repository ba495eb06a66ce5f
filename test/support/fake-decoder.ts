import type { HeaderList } from '../../lib/http/headers.js';
import type { ResponseHead } from '../../lib/http/message.js';
import type { ResetReason } from '../../lib/http/reset-reason.js';
import type { RequestEncoder, ResponseDecoder } from '../../lib/http/stream.js';

/** A request as the pool sees it: sends a head and notes what becomes of it. */
export class FakeDecoder implements ResponseDecoder {
  readonly native: undefined = undefined;
  /** What has happened, in words, such as `connection`, `head 200`, `data hello`, `end`. */
  readonly events: string[] = [];
  encoder: RequestEncoder | undefined = undefined;
  /** Called when there is a connection; by default the request is sent. */
  onReady: (encoder: RequestEncoder) => void;
  /** Called on every event, behind its note. */
  onEvent: (event: string) => void = () => {};

  /** `path` tells requests apart on the wire. */
  constructor(path = '/', method = 'GET') {
    this.onReady = (encoder) => {
      encoder.encodeHead({ method, path, authority: 'foo.com', headers: [] }, true);
    };
  }

  /** What has happened last. */
  get last(): string | undefined {
    return this.events.at(-1);
  }

  onConnection(encoder: RequestEncoder, isReused: boolean): void {
    this.encoder = encoder;
    this.#note(isReused ? 'reused connection' : 'connection');
    this.onReady(encoder);
  }

  decodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    this.#note(`head ${head.status}${endStream ? ' end' : ''}${moreFollows ? ' more' : ''}`);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#note(`data ${chunk.toString('latin1')}${endStream ? ' end' : ''}`);
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.#note(trailers === undefined ? 'end' : `end ${trailers.join(' ')}`);
  }

  onReset(reason: ResetReason, hadResponse: boolean): void {
    this.#note(`reset ${reason}${hadResponse ? ' after a response' : ''}`);
  }

  onRequestWritable(): void {
    this.#note('writable');
  }

  #note(event: string): void {
    this.events.push(event);
    this.onEvent(event);
  }
}
