import { toFrame } from './frame-collector.js';
import { JsonArraySplitter } from './json-array-splitter.js';
import type { TranscodedCall } from './transcoder.js';
import { TranscodingError } from './transcoding-error.js';

/** The body of a request on its way from JSON to gRPC. Errors are thrown as `TranscodingError`. */
export interface JsonRequest {
  /** Takes a piece of JSON and returns what can be sent by now, which may be nothing. */
  push(piece: Buffer): Buffer;
  /** The JSON is complete: returns what is still to be sent. */
  end(): Buffer;
}

/** `maxBytes`: of one message in a stream; 0 for no limit. */
export function createJsonRequest(call: TranscodedCall, maxBytes: number): JsonRequest {
  return call.method.isClientStreaming
    ? new StreamedJsonRequest(call, maxBytes)
    : new SingleJsonRequest(call);
}

const noBytes = Buffer.alloc(0);

/** One message. The chain keeps the pieces as well, and bounds them. */
class SingleJsonRequest implements JsonRequest {
  readonly #call: TranscodedCall;
  readonly #pieces: Buffer[] = [];

  constructor(call: TranscodedCall) {
    this.#call = call;
  }

  push(piece: Buffer): Buffer {
    this.#pieces.push(piece);
    return noBytes;
  }

  end(): Buffer {
    return toFrame(this.#call.encode(Buffer.concat(this.#pieces)));
  }
}

/** A list of messages, each of which is sent as soon as it is here. */
class StreamedJsonRequest implements JsonRequest {
  readonly #call: TranscodedCall;
  readonly #splitter: JsonArraySplitter;

  constructor(call: TranscodedCall, maxBytes: number) {
    this.#call = call;
    this.#splitter = new JsonArraySplitter(maxBytes);
  }

  push(piece: Buffer): Buffer {
    const elements = this.#splitter.push(piece);
    return elements.length === 0
      ? noBytes
      : Buffer.concat(elements.map((element) => toFrame(this.#call.encode(element))));
  }

  end(): Buffer {
    if (!this.#splitter.isComplete) {
      throw new TranscodingError('expected a JSON list, and all of it');
    }
    return noBytes;
  }
}
