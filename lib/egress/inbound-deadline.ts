import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Clock } from '../base/clock.js';
import type { RequestDeadline } from '../http/request-context.js';

/** So many milliseconds from now on. */
export class DurationDeadline implements RequestDeadline {
  readonly #clock: Clock;
  readonly #endMs: number;

  constructor(durationMs: number, clock: Clock) {
    this.#clock = clock;
    this.#endMs = clock.now() + durationMs;
  }

  remainingMs(): number {
    return this.#endMs - this.#clock.now();
  }
}

/**
 * The deadline of a request to a server of the application's own. Its time begins when the request
 * is complete, as that of a route does: reference 3.5. It is over with the response.
 */
export class MessageDeadline implements RequestDeadline {
  readonly #request: IncomingMessage | Http2ServerRequest;
  readonly #response: ServerResponse | Http2ServerResponse;
  readonly #durationMs: number;
  readonly #clock: Clock;
  #startMs: number | undefined = undefined;

  constructor(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    durationMs: number,
    clock: Clock,
  ) {
    this.#request = request;
    this.#response = response;
    this.#durationMs = durationMs;
    this.#clock = clock;
    if (!hasBody(request) || request.complete) {
      this.#startMs = clock.now();
    } else {
      request.once('end', () => this.#start());
    }
  }

  remainingMs(): number | undefined {
    if (isAnswered(this.#response)) {
      return undefined;
    }
    if (this.#startMs === undefined) {
      if (!this.#request.complete) {
        return this.#durationMs;
      }
      // All of it is there, though it has not been read to its end.
      this.#start();
    }
    return (this.#startMs ?? 0) + this.#durationMs - this.#clock.now();
  }

  #start(): void {
    this.#startMs ??= this.#clock.now();
  }
}

/** `node:http` calls listeners before it knows that a request without a body is complete. */
function hasBody(request: IncomingMessage | Http2ServerRequest): boolean {
  const { headers } = request;
  const length = headers['content-length'];
  if (length === undefined && 'stream' in request) {
    // HTTP/2 needs no header to announce a body.
    return !request.stream.endAfterHeaders;
  }
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** A response that was cut off is none. */
function isAnswered(response: ServerResponse | Http2ServerResponse): boolean {
  return response.writableFinished || (response.writableEnded && !response.destroyed);
}
