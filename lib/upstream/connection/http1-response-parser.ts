import type { HeaderList } from '../../http/headers.js';

/**
 * Receives one response, piece by piece, in this order: any number of `onInformational`, one
 * `onHead`, any number of `onData`, then `onEnd`. Every call is made from within `execute` or
 * `finish`. A sink may abandon the parser from within a call by calling `stop()` on it.
 */
export interface ResponseSink {
  /** A 1xx other than 101; its headers follow the same rules as others. */
  onInformational(status: number, headers: HeaderList): void;
  /** `hasBody` is false if nothing but `onEnd` can follow (HEAD, 204, 304, length 0, 101). */
  onHead(status: number, headers: HeaderList, hasBody: boolean): void;
  /** Body bytes `chunk[start, end)`, without framing. The bytes are lent: copy what is kept. */
  onData(chunk: Buffer, start: number, end: number): void;
  /** The message is complete. `trailers` is `undefined` when there were none. */
  onEnd(trailers: HeaderList | undefined): void;
}
