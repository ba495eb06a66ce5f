import { FrameCollector } from './frame-collector.js';
import type { TranscodedCall } from './transcoder.js';
import { TranscodingError } from './transcoding-error.js';

/**
 * Returns the JSON text of a whole body of gRPC, which must be one message. Throws a
 * `TranscodingError` if it is none.
 */
export function decodeSingle(call: TranscodedCall, body: Buffer): Buffer {
  const collector = new FrameCollector(0);
  const messages = collector.push(body);
  const [message] = messages;
  if (message === undefined || messages.length > 1 || !collector.isAtBoundary) {
    throw new TranscodingError('the response is not one message');
  }
  return Buffer.from(call.decode(message));
}

/** A stream of messages on its way to a JSON list. Errors are thrown as `TranscodingError`. */
export class JsonListResponse {
  readonly #call: TranscodedCall;
  readonly #collector: FrameCollector;
  #hasElements = false;

  /** `maxBytes`: of one message; 0 for no limit. */
  constructor(call: TranscodedCall, maxBytes: number) {
    this.#call = call;
    this.#collector = new FrameCollector(maxBytes);
  }

  /** Takes a piece of gRPC and returns what can be sent by now, which may be nothing. */
  push(piece: Buffer): Buffer {
    let text = '';
    for (const message of this.#collector.push(piece)) {
      text += (this.#hasElements ? ',' : '[') + this.#call.decode(message);
      this.#hasElements = true;
    }
    return Buffer.from(text);
  }

  /** Returns the end of the list. */
  end(): Buffer {
    if (!this.#collector.isAtBoundary) {
      throw new TranscodingError('the response is cut off within a message');
    }
    return Buffer.from(this.#hasElements ? ']' : '[]');
  }
}
