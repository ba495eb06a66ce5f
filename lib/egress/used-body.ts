import { isErrored, isReadable, Readable } from 'node:stream';
import { invalid } from './request-options.js';

/**
 * Throws `SIDECAR_REQUEST_INVALID` if a body has been read to its end already, as the request is that
 * a body parser has been at. It would go out empty, or the call would wait for the rest for ever.
 */
export function refuseUsedBody(body: object): void {
  if (isUsedUp(body)) {
    throw invalid(
      'the body has been read to its end already, as body parsers do; send what has been made of it',
    );
  }
}

/**
 * One that was empty is not used up: nothing of it is lost. One that was destroyed half-way says so
 * by itself when it is read.
 */
function isUsedUp(body: object): boolean {
  if ('readableEnded' in body && 'readableDidRead' in body) {
    return body.readableEnded === true && body.readableDidRead === true;
  }
  // A stream of the standard. The types know streams of Node.js alone, the functions take both.
  const stream = body as Readable;
  return Readable.isDisturbed(stream) && !isReadable(stream) && !isErrored(stream);
}
