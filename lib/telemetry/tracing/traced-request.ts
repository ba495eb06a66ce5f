import type { HeaderList } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';

/** What the span of a request says of it from the beginning. */
export interface TracedRequest {
  readonly requestHead: RequestHead;
  readonly protocol: RequestInfo['protocol'];
  /** The client, behind the proxies that are trusted; empty if it has no address. */
  readonly clientAddress: string;
  /** Whoever has sent it to us; empty if there is no connection, or it has no address. */
  readonly peerAddress: string;
  /** 0 if there is none. */
  readonly peerPort: number;
  /** Headers of the trace of the request that this one is made for, which has none of its own. */
  readonly inheritedTrace: HeaderList | undefined;
}
