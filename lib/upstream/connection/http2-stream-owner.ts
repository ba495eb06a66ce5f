import type { ClientHttp2Stream } from 'node:http2';
import type { RequestHead } from '../../http/message.js';
import type { ReceiveWindow } from '../../http/receive-window.js';
import type { ResetReason } from '../../http/reset-reason.js';
import type { ConnectionStats } from './connection-stats.js';

/** The connection of a stream, as far as the stream needs it. */
export interface Http2StreamOwner {
  readonly stats: ConnectionStats;
  readonly window: ReceiveWindow;
  readonly localAddress: string;
  /** Why streams that have not ended end now; `undefined` while the connection lives. */
  readonly goneReason: ResetReason | undefined;
  /** Opens a stream of `node:http2`; `undefined` if the session takes none any more. */
  open(head: RequestHead, endStream: boolean): ClientHttp2Stream | undefined;
  /** Has `deliver` called when all that has been read is known. */
  scheduleDelivery(stream: DeliveringStream): void;
  /** Whether the host has said that it will not look at this stream. */
  isLeftOut(streamId: number | undefined): boolean;
  /** The request is over. `isOpenToHost`: the host is told by a reset, which is still to be sent. */
  onRequestEnd(stream: DeliveringStream, isOpenToHost: boolean): void;
  /** What `isOpenToHost` was said of is closed now. */
  onResetSent(): void;
}

/** A stream, as far as its connection has to do with it. */
export interface DeliveringStream {
  /** Hands on what has been read. */
  deliver(): void;
  /** The connection is gone: what has been read is all that comes. */
  onConnectionGone(): void;
}
