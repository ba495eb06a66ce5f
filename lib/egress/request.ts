import { SidecarError } from '../base/errors.js';
import type { LoopHold } from '../base/loop-hold.js';
import type { ActiveStream } from '../downstream/active-stream.js';
import type { ConnectionManager } from '../downstream/connection-manager.js';
import type { DownstreamConnection } from '../downstream/downstream-connection.js';
import { getHeader, type HeaderList } from '../http/headers.js';
import type { OutboundResponse } from './outbound-response.js';
import type { OutboundRoutes } from './outbound-route.js';
import { type OutboundObserver, OutboundStream } from './outbound-stream.js';
import { requestDirectly } from './passthrough.js';
import {
  type BodyInput,
  invalid,
  parseHeaders,
  parseMethod,
  parseTarget,
  type RequestOptions,
} from './request-options.js';

const noOptions: RequestOptions = {};

/** The door for the application's own requests. */
export class OutboundClient implements OutboundObserver {
  readonly #routes: OutboundRoutes;
  readonly #hold: LoopHold;
  readonly #connections = new Map<ConnectionManager, DownstreamConnection>();
  readonly #active = new Set<OutboundStream>();
  readonly #onIdle: (() => void)[] = [];
  #isClosed = false;

  constructor(routes: OutboundRoutes, hold: LoopHold) {
    this.#routes = routes;
    this.#hold = hold;
  }

  /** Sends a request; see `Sidecar.request`. */
  request(url: string | URL, options: RequestOptions = noOptions): Promise<OutboundResponse> {
    return new Promise((resolve, reject) => {
      // Whatever is wrong with the arguments is thrown below, and so rejects the promise.
      this.#send(url, options, resolve, reject);
    });
  }

  /** Ends every call that is under way, and refuses new ones. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#active]) {
      stream.abort(closedError());
    }
  }

  /** Resolves when no call is under way. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#active.size === 0) {
        resolve();
      } else {
        this.#onIdle.push(resolve);
      }
    });
  }

  onCallStart(stream: OutboundStream): void {
    this.#active.add(stream);
    this.#hold.hold();
  }

  onCallEnd(stream: OutboundStream): void {
    this.#active.delete(stream);
    this.#hold.release();
    if (this.#active.size === 0 && this.#onIdle.length > 0) {
      for (const resolve of this.#onIdle.splice(0)) {
        resolve();
      }
    }
  }

  #send(
    url: string | URL,
    options: RequestOptions,
    resolve: (response: OutboundResponse) => void,
    reject: (error: unknown) => void,
  ): void {
    if (this.#isClosed) {
      throw closedError();
    }
    const target = parseTarget(url);
    const { signal } = options;
    signal?.throwIfAborted();
    const method = parseMethod(options.method);
    let authority = target.authority;
    const headers = parseHeaders(options.headers, (host) => {
      authority = host;
    });
    const manager = this.#routes.choose(target.authority);
    if (manager === undefined) {
      requestDirectly(url, method, options).then(resolve, reject);
      return;
    }
    const body = prepareBody(options.body ?? null, headers);
    const outbound = new OutboundStream(this, resolve, reject);
    const stream = manager.newStream(outbound, this.#connectionOf(manager), 'HTTP/1.1');
    outbound.stream = stream;
    if (signal !== undefined) {
      outbound.listenTo(signal);
    }
    stream.decodeHead({ method, path: target.path, authority, headers }, body === null);
    if (Buffer.isBuffer(body)) {
      stream.decodeData(body, true);
    } else if (body !== null) {
      pump(body, stream, outbound);
    }
  }

  #connectionOf(manager: ConnectionManager): DownstreamConnection {
    let connection = this.#connections.get(manager);
    if (connection === undefined) {
      // The application itself: a peer on this machine, and so an internal one.
      connection = manager.createConnection('127.0.0.1', false);
      this.#connections.set(manager, connection);
    }
    return connection;
  }
}

/** Sends a streamed body at the pace of whoever takes it. A body that fails ends the call. */
function pump(
  body: AsyncIterable<Uint8Array | string>,
  stream: ActiveStream,
  outbound: OutboundStream,
): void {
  const run = async (): Promise<void> => {
    for await (const piece of body) {
      if (outbound.isDone) {
        return;
      }
      const chunk = typeof piece === 'string' ? Buffer.from(piece) : toBuffer(piece);
      stream.decodeData(chunk, false);
      while (outbound.isRequestPaused && !outbound.isDone) {
        await new Promise<void>((resolve) => {
          outbound.onRequestResumed = resolve;
        });
      }
    }
    stream.decodeEnd(undefined);
  };
  run().catch((error: unknown) => outbound.abort(error));
}

/** Returns the body as it is sent; of one that is all at hand the length is announced. */
function prepareBody(
  body: BodyInput,
  headers: HeaderList,
): Buffer | AsyncIterable<Uint8Array | string> | null {
  if (body === null) {
    return null;
  }
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    if (typeof body !== 'object' || !(Symbol.asyncIterator in body)) {
      throw invalid('the body is none of: string, Uint8Array, stream or other async iterable');
    }
    return body;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : toBuffer(body);
  const announced = getHeader(headers, 'content-length');
  if (announced === undefined) {
    headers.push('content-length', String(bytes.length));
  } else if (announced !== String(bytes.length)) {
    throw invalid(`content-length is ${announced}, but the body has ${bytes.length} bytes`);
  }
  return bytes;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function closedError(): SidecarError {
  return new SidecarError('SIDECAR_CLOSED', 'the sidecar has been closed');
}
