import type { ActiveStream } from '../downstream/active-stream.js';
import type { HeaderList } from '../http/headers.js';
import type { ResponseHead } from '../http/message.js';
import type { ResponseEncoder } from '../http/stream.js';
import { brokenOff, OutboundCall } from './outbound-call.js';

/** A call that takes the data path: where a codec would write to a socket, it answers the caller. */
export class OutboundStream extends OutboundCall implements ResponseEncoder {
  readonly nativeExchange: undefined = undefined;
  /** The request half; set before the request begins. */
  stream: ActiveStream | undefined = undefined;
  #isRequestPaused = false;

  // The response, from the connection manager.

  encodeHead(head: ResponseHead, endStream: boolean): void {
    this.respond(head.status, head.headers, endStream);
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    const canGoOn = this.pushBody(chunk);
    if (endStream) {
      this.endResponse(undefined);
    }
    return canGoOn;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    this.endResponse(trailers);
  }

  reset(): void {
    this.failCall(brokenOff());
  }

  setRequestPaused(isPaused: boolean): void {
    this.#isRequestPaused = isPaused;
    if (!isPaused) {
      this.resumePump();
    }
  }

  // The request body, from its pump.

  override writeBody(chunk: Buffer): boolean {
    this.stream?.decodeData(chunk, false);
    return !this.#isRequestPaused;
  }

  override endBody(): void {
    this.stream?.decodeEnd(undefined);
  }

  override onBodyWanted(): void {
    this.stream?.onResponseWritable();
  }

  protected override onNeglected(): void {
    this.stream?.chargeIdleTimeout();
  }

  protected override giveUp(): void {
    this.stream?.onDownstreamReset();
  }
}
