import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { Address } from '../../config/address.js';
import type { RequestHead } from '../../http/message.js';
import { ReceiveWindow } from '../../http/receive-window.js';
import type { ResetReason } from '../../http/reset-reason.js';
import { type AddressedStream, formatLocalAddress } from '../../http/socket-address.js';
import { socketForSession } from '../../http/socket-relay.js';
import type { ResponseDecoder } from '../../http/stream.js';
import { ByteCount } from './byte-count.js';
import type { Http2PoolContext } from './connection-pool.js';
import type { Closer, ConnectionStats } from './connection-stats.js';
import { encodeHttp2Head } from './http2-request-head.js';
import { createSessionOptions } from './http2-session-options.js';
import { Http2Stream } from './http2-stream.js';
import type { DeliveringStream, Http2StreamOwner } from './http2-stream-owner.js';
import { type CountedStream, type WatchedConnection, WriteWatch } from './write-watch.js';

/** Streams have odd numbers of 31 bits. */
const maxStreamsPerConnection = 2 ** 30 - 1;

const hasSilentEnds = process.versions.node.startsWith('20.');

/** What a connection tells the pool that made it. */
export interface Http2ConnectionOwner {
  readonly stats: ConnectionStats;
  readonly wheel: TimerWheel;
  readonly connectTimeoutMs: number;
  readonly bufferLimitBytes: number;
  /** The host has said what it takes, and gets its first requests. */
  onConnected(connection: Http2Connection): void;
  /** It could not be established. `onClosed` follows. */
  onConnectFailed(connection: Http2Connection, reason: ResetReason): void;
  /** There may be room for another request, or nothing left to do. */
  onAvailable(connection: Http2Connection): void;
  /** There can be no new requests on it. Those under way go on. */
  onGoaway(connection: Http2Connection): void;
  /** A request is over. Called exactly once for each that was attached. */
  onRequestEnd(): void;
  /** The connection is gone. Called exactly once. */
  onClosed(connection: Http2Connection): void;
}

/** One HTTP/2 connection to a host, which serves as many requests at a time as both sides allow. */
export class Http2Connection implements Http2StreamOwner, WatchedConnection {
  /** How many requests it has been given. */
  requestCount = 0;

  readonly #owner: Http2ConnectionOwner;
  readonly #context: Http2PoolContext;
  readonly #socket: Duplex & AddressedStream & CountedStream;
  readonly #connectTimer: WheelTimer;
  #session: ClientHttp2Session | undefined = undefined;
  #window: ReceiveWindow | undefined = undefined;
  #writeWatch: WriteWatch | undefined = undefined;
  #state: 'connecting' | 'open' | 'draining' | 'closed' = 'connecting';
  #goneReason: ResetReason | undefined = undefined;
  readonly #streams = new Set<DeliveringStream>();
  /** Streams whose reset is still to be sent: the host counts them too. */
  #closing = 0;
  /** The last stream that the host has looked at, once it has said so. */
  #lastStreamId: number | undefined = undefined;
  /** What has been read for these streams is handed on when the read is over. */
  #undelivered = new Set<DeliveringStream>();
  /** One at a time: the session ends when too many are not acknowledged. */
  #isProbing = false;
  readonly #bytes: ByteCount;

  constructor(owner: Http2ConnectionOwner, context: Http2PoolContext, target: Address) {
    this.#owner = owner;
    this.#context = context;
    this.#connectTimer = new WheelTimer({ onDeadline: () => this.#onConnectTimeout() });
    owner.wheel.start(this.#connectTimer, owner.connectTimeoutMs);
    owner.stats.onOpening('http2');
    const { connector } = context;
    this.#socket = connector.connect(target, undefined, owner.bufferLimitBytes);
    this.#bytes = new ByteCount(this.#socket, owner.stats.cluster);
    this.#socket.on(connector.openEvent, () => this.#startSession());
    this.#socket.on('error', () => this.#onGone());
    this.#socket.on('close', () => this.#onGone());
  }

  get stats(): ConnectionStats {
    return this.#owner.stats;
  }

  get isConnecting(): boolean {
    return this.#state === 'connecting';
  }

  /** Whether it can be given another request now. */
  get hasRoom(): boolean {
    const limit = Math.min(
      this.#context.settings.maxConcurrentStreams,
      this.#session?.remoteSettings.maxConcurrentStreams ?? 0,
    );
    return this.#state === 'open' && this.#streams.size + this.#closing < limit;
  }

  /** Whether there can be no more requests on it, however long one waits. */
  get isSpent(): boolean {
    return this.requestCount >= maxStreamsPerConnection;
  }

  /** Streams are told of the end of their session before the connection is. */
  get goneReason(): ResetReason | undefined {
    const isGone = this.#session?.destroyed === true || this.#socket.destroyed;
    return this.#goneReason ?? (isGone ? 'connection-termination' : undefined);
  }

  get localAddress(): string {
    return formatLocalAddress(this.#socket);
  }

  get window(): ReceiveWindow {
    if (this.#window === undefined) {
      throw new Error('there is a stream on a connection without a session');
    }
    return this.#window;
  }

  get isBusy(): boolean {
    return this.#streams.size > 0;
  }

  /**
   * In Node.js 20, some sessions end for an error of the host and do not tell us, not even that the
   * host has closed. All that can be seen of it is that what is to be sent does not leave.
   */
  probe(): boolean {
    if (!hasSilentEnds || this.#session?.destroyed !== false || this.#isProbing) {
      return false;
    }
    this.#isProbing = true;
    this.#session.settings({}, () => {
      this.#isProbing = false;
    });
    return true;
  }

  /** Nothing that was to be sent has left: the host reads nothing, or the session has ended. */
  onStuck(): void {
    this.#end('local', this.#failure);
  }

  /** Gives the connection another request. Only while it has room. */
  attach(decoder: ResponseDecoder): void {
    const isReused = this.requestCount > 0;
    this.requestCount++;
    const stream = new Http2Stream(this, decoder);
    this.#streams.add(stream);
    this.stats.onRequestStart();
    decoder.onConnection(stream, isReused);
  }

  /** Takes no more requests, and closes when those under way are done. Idempotent. */
  drain(): void {
    if (this.#state === 'open') {
      this.#state = 'draining';
    }
    this.#closeIfDone();
  }

  /** Closes the connection. Requests that are under way are reset. */
  close(): void {
    this.#end('local', 'local-reset');
  }

  // The streams.

  open(head: RequestHead, endStream: boolean): ClientHttp2Stream | undefined {
    const session = this.#session;
    if (session === undefined || session.closed || session.destroyed) {
      // Of its own accord, as after a head that was too large to be sent.
      this.#takeNoMore();
      return undefined;
    }
    this.#writeWatch?.onWrite();
    const { scheme } = this.#context;
    const options = { endStream, waitForTrailers: !endStream };
    try {
      return session.request(encodeHttp2Head(head, scheme, false), options);
    } catch {
      // It knows names that must not occur twice, and does not say which.
    }
    try {
      return session.request(encodeHttp2Head(head, scheme, true), options);
    } catch {
      // The session has ended and not said so yet.
      return undefined;
    }
  }

  scheduleDelivery(stream: DeliveringStream): void {
    if (this.#undelivered.size === 0) {
      setImmediate(() => this.#deliver());
    }
    this.#undelivered.add(stream);
  }

  isLeftOut(streamId: number | undefined): boolean {
    return streamId === undefined || streamId > (this.#lastStreamId ?? streamId);
  }

  onRequestEnd(stream: DeliveringStream, isOpenToHost: boolean): void {
    this.#streams.delete(stream);
    this.#closing += isOpenToHost ? 1 : 0;
    this.stats.onRequestEnd();
    this.#bytes.update();
    this.#owner.onRequestEnd();
    if (!isOpenToHost) {
      this.#onRoom();
    }
  }

  onResetSent(): void {
    this.#closing--;
    this.#writeWatch?.onWrite();
    this.#onRoom();
  }

  #deliver(): void {
    const streams = this.#undelivered;
    this.#undelivered = new Set();
    for (const stream of streams) {
      stream.deliver();
    }
  }

  #onRoom(): void {
    this.#closeIfDone();
    if (this.#state === 'open') {
      this.#owner.onAvailable(this);
    }
  }

  #closeIfDone(): void {
    if (this.#state === 'draining' && this.#streams.size + this.#closing === 0) {
      this.close();
    }
  }

  #startSession(): void {
    if (this.#state !== 'connecting' || this.#session !== undefined) {
      return;
    }
    const { settings, scheme } = this.#context;
    // Loaded when the first host is spoken to by HTTP/2: most processes never meet one.
    const { connect } = process.getBuiltinModule('node:http2');
    const session = connect(`${scheme}://localhost`, {
      ...createSessionOptions(settings),
      createConnection: () => socketForSession(this.#socket, scheme === 'https'),
    });
    this.#session = session;
    session.unref();
    session.on('remoteSettings', () => this.#onSettings(session));
    session.on('goaway', (_code: number, lastStreamId: number) => this.#onGoaway(lastStreamId));
    session.on('error', (error) => this.#onError(error));
    session.on('close', () => this.#onGone());
  }

  /** The first settings of the host say that it is there, speaks HTTP/2, and what it takes. */
  #onSettings(session: ClientHttp2Session): void {
    if (this.#state !== 'connecting') {
      this.#onRoom();
      return;
    }
    this.#state = 'open';
    this.#connectTimer.stop();
    const { initialConnectionWindowSize } = this.#context.settings;
    this.#window = new ReceiveWindow(session, initialConnectionWindowSize);
    this.#writeWatch = new WriteWatch(this.#socket, this.#owner.wheel, this);
    this.#owner.onConnected(this);
  }

  #onGoaway(lastStreamId: number): void {
    if (this.#state === 'closed') {
      return;
    }
    if (this.#lastStreamId === undefined) {
      this.stats.cluster.upstreamCxCloseNotify++;
    }
    this.#lastStreamId = lastStreamId;
    this.#takeNoMore();
    this.#closeIfDone();
  }

  #takeNoMore(): void {
    if (this.#state === 'open') {
      this.#state = 'draining';
      this.#owner.onGoaway(this);
    }
  }

  #onError({ code }: NodeJS.ErrnoException): void {
    // The others are of the socket, or what the host says that we have done wrong.
    const isOfHost = code === 'ERR_HTTP2_ERROR' || code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES';
    if (isOfHost && this.#state !== 'closed') {
      this.stats.cluster.upstreamCxProtocolError++;
      this.#end('local', this.#failure);
    } else {
      this.#onGone();
    }
  }

  #onGone(): void {
    this.#end('remote', this.#failure);
  }

  #onConnectTimeout(): void {
    this.stats.cluster.upstreamCxConnectTimeout++;
    this.#end('local', 'connect-timeout');
  }

  get #failure(): ResetReason {
    return this.isConnecting ? 'connect-failure' : 'connection-termination';
  }

  #end(by: Closer, reason: ResetReason): void {
    if (this.#state === 'closed') {
      return;
    }
    const wasConnecting = this.isConnecting;
    const streams = [...this.#streams];
    this.#state = 'closed';
    this.#goneReason = reason;
    this.#connectTimer.stop();
    this.#writeWatch?.stop();
    this.#bytes.update();
    this.stats.onClosed(by, wasConnecting, streams.length > 0);
    // Not in the middle of a read: Node.js 20 goes on with the rest of it, without the session that
    // it belongs to, and the process is aborted.
    setImmediate(() => {
      this.#session?.destroy();
      this.#socket.destroy();
    });
    if (wasConnecting) {
      this.#owner.onConnectFailed(this, reason);
    }
    this.#owner.onClosed(this);
    // Last, since the router may at once ask for another connection to this host.
    for (const stream of streams) {
      stream.onConnectionGone();
    }
  }
}
