import type { Clock } from '../base/clock.js';
import { SidecarError } from '../base/errors.js';
import { IdleWaiters } from '../base/idle-waiters.js';
import { LinkedList } from '../base/linked-list.js';
import type { LoopHold } from '../base/loop-hold.js';
import type { ActiveStream } from '../downstream/active-stream.js';
import type { ConnectionManager } from '../downstream/connection-manager.js';
import type { DownstreamConnection } from '../downstream/downstream-connection.js';
import { type ContextPolicy, isContextWanted } from '../http/context-policy.js';
import { currentContext, type RequestContext, readContexts } from '../http/request-context.js';
import type { ResponseEncoder } from '../http/stream.js';
import { BodyPump, releaseBody } from './body-pump.js';
import { BoundObserver } from './bound-observer.js';
import type { ActiveCall, CallOwner } from './call-owner.js';
import { inheritContext } from './inherit-context.js';
import type { OutboundCall } from './outbound-call.js';
import {
  type ExchangeObserver,
  type ExchangeRequest,
  OutboundExchange,
} from './outbound-exchange.js';
import type { OutboundResponse } from './outbound-response.js';
import type { OutboundRoutes } from './outbound-route.js';
import { OutboundStream } from './outbound-stream.js';
import { PassthroughCall } from './passthrough.js';
import { announcedLength, prepareBody } from './request-body.js';
import {
  checkRequestOptions,
  checkSignal,
  parseHeaders,
  parseMethod,
  parseTarget,
  type RequestOptions,
  type Target,
} from './request-options.js';
import { UnreadBodies } from './unread-bodies.js';

const noOptions: RequestOptions = {};

/** The door for the application's own requests. */
export class OutboundClient implements CallOwner {
  readonly #routes: OutboundRoutes;
  readonly #hold: LoopHold;
  /** Weak, as listeners come and go. */
  readonly #connections = new WeakMap<ConnectionManager, DownstreamConnection>();
  readonly #active: LinkedList<ActiveCall> = new LinkedList();
  readonly #waiters: IdleWaiters = new IdleWaiters();
  readonly #unreadBodies: UnreadBodies;
  /** `undefined` if calls take over nothing. */
  readonly #policy: ContextPolicy | undefined;
  readonly #onClosed: (() => void) | undefined;
  #isClosed = false;

  /** `policy`: what calls take over from the requests that they are made for. */
  constructor(routes: OutboundRoutes, hold: LoopHold, clock: Clock, policy: ContextPolicy) {
    this.#routes = routes;
    this.#hold = hold;
    this.#policy = isContextWanted(policy) ? policy : undefined;
    this.#onClosed = this.#policy && readContexts();
    this.#unreadBodies = new UnreadBodies(clock, this.#active);
  }

  /** Sends a request; see `Sidecar.request`. */
  request(url: string | URL, options: RequestOptions = noOptions): Promise<OutboundResponse> {
    return new Promise((resolve, reject) => {
      try {
        this.#send(url, options ?? noOptions, resolve, reject);
      } catch (error) {
        // Something is wrong with the arguments, or the call comes too late.
        releaseBody(options?.body);
        reject(error);
      }
    });
  }

  /** Whether calls to `target` take the data path; others are none of our business. */
  claims(target: Target): boolean {
    return this.#routes.choose(target) !== undefined;
  }

  /**
   * Begins a request of a client library, or returns `undefined` if its target is none of ours: then
   * the library is to send it as it would have without us. Throws `SIDECAR_CLOSED`.
   */
  open(request: ExchangeRequest, observer: ExchangeObserver): OutboundExchange | undefined {
    if (this.#isClosed) {
      throw closedError();
    }
    const manager = this.#routes.choose(request.target);
    if (manager === undefined) {
      return undefined;
    }
    const context = this.#context;
    const told = context === undefined ? observer : new BoundObserver(observer);
    const exchange = new OutboundExchange(told, this, request.rawConnection);
    exchange.start(this.#newStream(manager, exchange, request, context), request);
    return exchange;
  }

  /** Ends every call that is under way, and refuses new ones. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#onClosed?.();
    this.#unreadBodies.close();
    for (const call of this.#active.toArray()) {
      call.abort(closedError());
    }
  }

  /** Resolves when no call is under way. */
  whenIdle(): Promise<void> {
    return this.#waiters.wait(this.#active.size === 0);
  }

  onCallStart(call: ActiveCall): void {
    this.#active.append(call);
    this.#unreadBodies.watch();
  }

  onCallEnd(call: ActiveCall): void {
    this.#active.remove(call);
    if (this.#active.size === 0) {
      this.#waiters.release();
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
    if (options !== noOptions) {
      checkRequestOptions(options);
    }
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
      const stream = this.#newStream(manager, outbound, { target, headers }, this.#context);
      outbound.stream = stream;
      const { authority, path } = target;
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

  /** Makes the stream of a request, which is to begin with its head. */
  #newStream(
    manager: ConnectionManager,
    encoder: ResponseEncoder,
    { target, headers }: Pick<ExchangeRequest, 'target' | 'headers'>,
    context: RequestContext | undefined,
  ): ActiveStream {
    const stream = manager.newStream(encoder, this.#connectionOf(manager), 'HTTP/1.1');
    stream.originalDestination = target.authority;
    if (context !== undefined) {
      inheritContext(context, this.#policy, headers, stream);
    }
    return stream;
  }

  /** That of the request which a call is made for, if the call takes over something of it. */
  get #context(): RequestContext | undefined {
    return this.#policy === undefined ? undefined : currentContext();
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

function closedError(): SidecarError {
  return new SidecarError('SIDECAR_CLOSED', 'the sidecar has been closed');
}
