import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { requestFromMessage } from './fetch-request.js';
import { headersNotMeant } from './fetched-response.js';

/** An application in the style of the standard fetch: a `Request` in, a `Response` out. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/** An object with such a handler, as Hono's applications and many others are. */
export interface FetchApplication {
  fetch(request: Request): Response | Promise<Response>;
}

/** Returns a handler of `node:http` that has `handle` answer. It rejects if that fails. */
export function serveByFetch(
  handle: FetchHandler,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (message, response) => {
    const left = new AbortController();
    const request = requestFromMessage(message, response, left.signal);
    if (request === undefined) {
      // There is no such URL, or the standard forbids the method.
      response.writeHead(400).end();
      return;
    }
    response.on('close', () => {
      // The request follows the signal that it was made with by a weak reference. To name it here
      // keeps it, for a handler that waits for nothing but its signal.
      if (!response.writableFinished && !request.signal.aborted) {
        left.abort();
      }
    });
    try {
      await sendFetchResponse(await handle(request), response);
    } catch (error) {
      if (!left.signal.aborted) {
        throw error;
      }
      // Whoever would get the response has left, which most handlers fail of.
    }
  };
}

/** Whether `value` is a `Response`, of this realm or another, or of a package. */
export function isFetchResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    typeof value.status === 'number' &&
    'headers' in value &&
    'body' in value &&
    'arrayBuffer' in value
  );
}

/** Writes what a handler has returned. Rejects if it is no `Response`, or if its body fails. */
export async function sendFetchResponse(result: unknown, response: ServerResponse): Promise<void> {
  if (!isFetchResponse(result)) {
    throw new TypeError(
      'the handler returned no Response; one of node:http takes two parameters, (request, response)',
    );
  }
  response.statusCode = result.status;
  if (result.statusText !== '') {
    response.statusMessage = result.statusText;
  }
  const notMeant = headersNotMeant(result);
  for (const [name, value] of result.headers) {
    if (!notMeant.includes(name)) {
      response.appendHeader(name, value);
    }
  }
  const reader: BodyReader | undefined = result.body?.getReader();
  if (reader === undefined) {
    describeNoBody(result.status, response);
    response.end();
    return;
  }
  const cancel = () => void reader.cancel().catch(() => {});
  response.on('close', cancel);
  if (response.destroyed || response.req.method === 'HEAD') {
    cancel();
    response.end();
    return;
  }
  await sendBody(reader, response);
}

/** Sees to the length in the headers of a response without a body (RFC 9110, 8.6). */
function describeNoBody(status: number, response: ServerResponse): void {
  if (status === 204) {
    response.removeHeader('content-length');
  } else if (response.req.method !== 'HEAD' && status !== 304) {
    correctLength(response, 0);
  }
}

/** Not just left out: `node:http` tells no length then. */
function correctLength(response: ServerResponse, length: number): void {
  if (response.hasHeader('content-length')) {
    response.setHeader('content-length', String(length));
  }
}

/** Of a reader of a body, which is a stream of bytes. */
interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

async function sendBody(reader: BodyReader, response: ServerResponse): Promise<void> {
  let piece = await reader.read();
  const second = reader.read();
  // The end of a body that is whole already comes at once. Then its length can be told.
  const isWhole = await Promise.race([second.then(({ done }) => done), setImmediate(false)]);
  if (isWhole) {
    correctLength(response, piece.value?.length ?? 0);
    response.end(piece.value);
    return;
  }
  const length = new AnnouncedLength(response);
  // None is read ahead from here on: it could fail while nobody waits for it.
  for (let i = 0; !piece.done && !response.destroyed; i++) {
    length.take(piece.value?.length ?? 0);
    if (!response.write(piece.value)) {
      await writable(response);
    }
    piece = await (i === 0 ? second : reader.read());
  }
  if (!response.destroyed) {
    length.end();
  }
  response.end();
}

/**
 * Holds a body to the length that its headers announce, if they do: bytes beyond it would stand
 * where the client expects the next response of its connection.
 */
class AnnouncedLength {
  readonly #announced: number | undefined = undefined;
  #length = 0;

  constructor(response: ServerResponse) {
    const value = response.getHeader('content-length');
    if (typeof value === 'string' && /^\d+$/.test(value)) {
      this.#announced = Number(value);
    } else if (value !== undefined) {
      response.removeHeader('content-length');
    }
  }

  /** Throws if the body is too long with these bytes. */
  take(byteLength: number): void {
    this.#length += byteLength;
    if (this.#announced !== undefined && this.#length > this.#announced) {
      throw this.#wrong('more than');
    }
  }

  /** Throws if the body is too short. */
  end(): void {
    if (this.#announced !== undefined && this.#length < this.#announced) {
      throw this.#wrong(`${this.#length} bytes, not`);
    }
  }

  #wrong(what: string): Error {
    return new Error(
      `the body of the Response has ${what} the ${this.#announced} bytes of its content-length`,
    );
  }
}

/** Resolves when there is room again, or nobody reads any more. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const onDone = () => {
      response.off('drain', onDone).off('close', onDone);
      resolve();
    };
    response.on('drain', onDone).on('close', onDone);
    if (response.destroyed) {
      onDone();
    }
  });
}
