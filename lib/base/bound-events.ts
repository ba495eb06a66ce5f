import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

/**
 * Has the listeners of a request run in the asynchronous context at hand. Its body, if it has one, is
 * told of by a connection, which belongs to no request; and what reads bodies by events goes on from
 * there with all of its work.
 */
export function bindEvents(request: IncomingMessage | Http2ServerRequest): void {
  if (!mayHaveBody(request)) {
    return;
  }
  const context = new AsyncResource('PILLION_REQUEST');
  const { emit } = request;
  Object.defineProperty(request, 'emit', {
    value: (...args: Parameters<typeof emit>): boolean =>
      context.runInAsyncScope(emit, request, ...args),
    configurable: true,
    writable: true,
  });
}

function mayHaveBody(request: IncomingMessage | Http2ServerRequest): boolean {
  if (request.complete) {
    return false;
  }
  const { headers } = request;
  const length = headers['content-length'];
  return (
    headers['transfer-encoding'] !== undefined ||
    (length === undefined ? request.httpVersionMajor > 1 : length !== '0')
  );
}
