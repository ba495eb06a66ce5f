import { SidecarError } from '../base/errors.js';
import type { LoopHold } from '../base/loop-hold.js';
import type { ConnectionManager } from '../downstream/connection-manager.js';
import type { DownstreamConnection } from '../downstream/downstream-connection.js';
import { getHeader, type HeaderList } from '../http/headers.js';
import { BodyPump, type StreamedBody, toBuffer } from './body-pump.js';
import type { CallObserver, OutboundCall } from './outbound-call.js';
import type { OutboundResponse } from './outbound-response.js';
import type { OutboundRoutes } from './outbound-route.js';
import { OutboundStream } from './outbound-stream.js';
import { PassthroughCall } from './passthrough.js';
import {
  type BodyInput,
  checkSignal,
  invalid,
  parseHeaders,
  parseMethod,
  parseTarget,
  type RequestOptions,
} from './request-options.js';

const noOptions: RequestOptions = {};

/** The door for the application's own requests. */
export class OutboundClient implements CallObserver {
  readonly #routes: OutboundRoutes;
  readonly #hold: LoopHold;
  /** Weak, as listeners come and go. */
  readonly #connections = new WeakMap<ConnectionManager, DownstreamConnection>();
  readonly #active = new Set<OutboundCall>();
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
      this.#send(url, options ?? noOptions, resolve, reject);
    });
  }

  /** Ends every call that is under way, and refuses new ones. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const call of [...this.#active]) {
      call.abort(closedError());
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

  onCallStart(call: OutboundCall): void {
    this.#active.add(call);
  }

  onCallEnd(call: OutboundCall): void {
    this.#active.delete(call);
    if (this.#active.size === 0 && this.#onIdle.length > 0) {
      for (const resolve of this.#onIdle.splice(0)) {
        resolve();
      }
    }
  }

  onWaitStart(): void {
    this.#hold.hold();
  }

  onWaitEnd(): void {
    this.#hold.release();
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
    checkSignal(signal);
    const method = parseMethod(options.method);
    const headers = parseHeaders(options.headers);
    const body = prepareBody(options.body, headers);
    const pump =
      body === undefined || Buffer.isBuffer(body)
        ? undefined
        : new BodyPump(body, announcedLength(headers));
    const manager = this.#routes.choose(target);
    let call: OutboundCall;
    if (manager === undefined) {
      const passthrough = new PassthroughCall(this, resolve, reject);
      call = passthrough;
      passthrough.start({ target, method, headers, body });
    } else {
      const outbound = new OutboundStream(this, resolve, reject);
      call = outbound;
      const stream = manager.newStream(outbound, this.#connectionOf(manager), 'HTTP/1.1');
      outbound.stream = stream;
      const { authority, path } = target;
      stream.originalDestination = authority;
      stream.decodeHead({ method, path, authority, headers }, body === undefined);
      if (Buffer.isBuffer(body)) {
        stream.decodeData(body, true);
      }
    }
    if (signal !== undefined && !call.isDone) {
      call.listenTo(signal);
    }
    if (pump !== undefined) {
      call.startPump(pump);
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

/** Returns the body as it is sent; of one that is all at hand the length is announced. */
function prepareBody(
  body: BodyInput | undefined,
  headers: HeaderList,
): Buffer | StreamedBody | undefined {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : toBuffer(body);
    checkLength(headers, bytes.length);
    return bytes;
  }
  if (body === undefined || body === null) {
    if ((announcedLength(headers) ?? 0) > 0) {
      throw invalid(`content-length is ${announcedLength(headers)}, but there is no body`);
    }
    return undefined;
  }
  if (typeof body !== 'object' || !(Symbol.asyncIterator in body)) {
    throw invalid('the body is none of: string, Uint8Array, stream or other async iterable');
  }
  return body;
}

function checkLength(headers: HeaderList, length: number): void {
  const announced = announcedLength(headers);
  if (announced === undefined) {
    headers.push('content-length', String(length));
  } else if (announced !== length) {
    throw invalid(`content-length is ${announced}, but the body has ${length} bytes`);
  }
}

function announcedLength(headers: HeaderList): number | undefined {
  const value = getHeader(headers, 'content-length');
  return value === undefined ? undefined : Number(value);
}

function closedError(): SidecarError {
  return new SidecarError('SIDECAR_CLOSED', 'the sidecar has been closed');
}
