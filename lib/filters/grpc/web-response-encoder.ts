import { getHeader, type HeaderList, removeHeader, setHeader } from '../../http/headers.js';
import type { ResponseHead } from '../../http/message.js';
import { Base64FrameEncoder } from './base64-frame-encoder.js';
import { FrameCursor } from './frame-cursor.js';
import { isGrpcContentType } from './grpc-call.js';
import { encodeTrailersFrame } from './trailers-frame.js';

/** Makes the body of a gRPC-Web response out of that of a gRPC response. */
export interface WebResponseEncoder {
  /** Whether all messages so far are complete. */
  readonly isAtBoundary: boolean;
  /** Returns what takes the place of a piece, or `undefined` for the piece itself. */
  encode(chunk: Buffer, endStream: boolean): Buffer | undefined;
  /** Returns what is left to be sent at an end without trailers. */
  end(): Buffer | undefined;
  /** Returns what the trailers become, and empties them. */
  endWith(trailers: HeaderList): Buffer;
}

/**
 * Changes the head of a response to one of gRPC-Web, and returns what does the same to its body.
 *
 * Returns `undefined`, and changes nothing, if the response is not of gRPC: an error page, or a
 * local reply. Envoy puts the content type of gRPC-Web on those as well, and when the client wants
 * text, it waits in them for frames that never come.
 */
export function createWebResponseEncoder(
  { headers }: ResponseHead,
  endStream: boolean,
  wantsText: boolean,
): WebResponseEncoder | undefined {
  const contentType = getHeader(headers, 'content-type');
  if (contentType !== undefined && !isGrpcContentType(contentType)) {
    return undefined;
  }
  const webType = wantsText ? 'application/grpc-web-text+proto' : 'application/grpc-web+proto';
  setHeader(headers, 'content-type', webType);
  // What it announces comes in the body.
  removeHeader(headers, 'trailer');
  if (!endStream) {
    removeHeader(headers, 'content-length');
  }
  return wantsText ? new TextResponseEncoder() : new BinaryResponseEncoder();
}

class BinaryResponseEncoder implements WebResponseEncoder {
  readonly #cursor = new FrameCursor();

  get isAtBoundary(): boolean {
    return this.#cursor.isAtBoundary;
  }

  encode(chunk: Buffer): undefined {
    this.#cursor.skip(chunk);
  }

  end(): undefined {}

  endWith(trailers: HeaderList): Buffer {
    return takeTrailersFrame(trailers);
  }
}

class TextResponseEncoder implements WebResponseEncoder {
  readonly #encoder = new Base64FrameEncoder();

  get isAtBoundary(): boolean {
    return this.#encoder.isAtBoundary;
  }

  encode(chunk: Buffer, endStream: boolean): Buffer {
    const text = this.#encoder.encode(chunk);
    return endStream ? Buffer.concat([text, this.#encoder.end()]) : text;
  }

  end(): Buffer {
    return this.#encoder.end();
  }

  endWith(trailers: HeaderList): Buffer {
    return Buffer.from(takeTrailersFrame(trailers).toString('base64'), 'latin1');
  }
}

function takeTrailersFrame(trailers: HeaderList): Buffer {
  const frame = encodeTrailersFrame(trailers);
  trailers.length = 0;
  return frame;
}
