import type { ServerHttp2Session, ServerHttp2Stream, ServerOptions } from 'node:http2';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.js';
import type { Http2SettingsConfig } from '../../config/http-settings-config.js';
import { ReceiveWindow } from '../../http/receive-window.js';
import { socketForSession } from '../../http/socket-relay.js';
import type { ConnectionManager } from '../connection-manager.js';
import type { DownstreamConnection } from '../downstream-connection.js';
import { maxHeaders } from '../request-checks.js';
import type { AcceptedConnection, ConnectionCodec } from './accepted-connection.js';
import { type Http2StreamOwner, NodeHttp2Stream } from './node-http2-stream.js';
import { ResetLimit } from './reset-limit.js';

/**
 * How often a connection that nothing has come by is looked after. A client that has not said what it
 * takes, or does not answer a PING, holds a socket for nothing.
 */
const watchIntervalMs = 60_000;

/** A client may stop reading for longer than that in the middle of a response. */
const maxSilentWatches = 5;

/** How long a client has to close its side when we have closed ours. */
const lingerMs = 1000;

/** A GOAWAY without an error that refuses no stream, whatever its number: RFC 9113, 6.8. */
const firstGoaway = Buffer.from('0000080700000000007fffffff00000000', 'hex');

/**
 * What a head may take by the count of HTTP/2, which adds 32 bytes to each field. It is more than
 * any head that is let in, so that one which is too large by our own count gets its 431.
 */
const maxHeaderListBytes = 128 * 1024;

/** The three that HTTP/1.1 has no fields for, the scheme, and enough to see that there are too many. */
const maxHeaderPairs = maxHeaders + 6;

/** What `node:http2` may keep for a connection, beside the bodies of requests. In 1,000,000 bytes. */
const maxSessionMegabytes = 32;

/** Frames that are wrong and could be passed over; with more of them the connection ends. */
const maxInvalidFrames = 100;

/** RFC 9113, 7. */
const noError = 0;
const enhanceYourCalm = 11;

/** One downstream connection of the `node:http2` codec: its requests, its limits and its end. */
export class NodeHttp2Connection implements ConnectionCodec, Http2StreamOwner {
  readonly info: DownstreamConnection;
  readonly manager: ConnectionManager;
  readonly window: ReceiveWindow;
  readonly wheel: TimerWheel;
  readonly #accepted: AcceptedConnection;
  readonly #session: ServerHttp2Session;
  readonly #resets: ResetLimit;
  readonly #watchTimer: WheelTimer;
  /** Runs between the two GOAWAY frames. */
  readonly #drainTimer: WheelTimer;
  /** Runs when nothing is left to do but for the client to close its side. */
  #lingerTimer: WheelTimer | undefined = undefined;
  #active = 0;
  /** Whether requests were under way when the session ended, and they with it. */
  #wasBusy = false;
  #hasSettings = false;
  /** Set between the decision to cut the connection and the deed. */
  #isToBeCut = false;
  #bytesRead = 0;
  #silentWatches = 0;

  constructor(accepted: AcceptedConnection) {
    this.#accepted = accepted;
    this.info = accepted.info;
    this.manager = accepted.manager;
    this.wheel = accepted.wheel;
    const { clock, config } = accepted.manager.context;
    this.#resets = new ResetLimit(clock);
    this.#watchTimer = new WheelTimer({ onDeadline: () => this.#onWatch() });
    this.#drainTimer = new WheelTimer({ onDeadline: () => this.#finish() });
    accepted.socket.on('error', ignore);
    // Loaded when the first client speaks HTTP/2: most processes never meet one.
    const { performServerHandshake } = process.getBuiltinModule('node:http2');
    const socket = socketForSession(accepted.socket, this.info.isTls);
    this.#session = performServerHandshake(socket, sessionOptions(config.http2Settings));
    this.window = new ReceiveWindow(
      this.#session,
      config.http2Settings.initialConnectionWindowSize,
    );
  }

  get isIdle(): boolean {
    return this.#active === 0 && !this.info.isDraining;
  }

  get isBusy(): boolean {
    return this.#active > 0 || this.#wasBusy;
  }

  /** Begins to serve. Called once, when it is known that the client speaks HTTP/2. */
  start(): void {
    const { stats } = this.manager.context;
    stats.downstreamCxHttp2Total++;
    stats.downstreamCxHttp2Active++;
    this.#accepted.serveBy(this);
    this.#accepted.wheel.start(this.#watchTimer, watchIntervalMs);
    const session = this.#session;
    session.once('remoteSettings', () => {
      this.#hasSettings = true;
    });
    session.on(
      'stream',
      (stream: ServerHttp2Stream, _: unknown, _flags: unknown, raw: string[]) => {
        this.#onStream(stream, raw);
      },
    );
    session.on('error', (error) => this.#onError(error));
    // It is told before anything is done about it.
    session.on('goaway', () => process.nextTick(() => this.#lingerIfDone()));
    // A client that has closed its side can ask for nothing more, nor give room for what is on its way.
    this.#accepted.socket.allowHalfOpen = false;
  }

  /**
   * Ends the connection as reference 5.11 says: a GOAWAY by which the client learns that it should
   * use another one, and after `drain_timeout_ms`, when what it had sent by then has arrived, the one
   * that refuses what comes later. Requests are served to their end. Idempotent.
   *
   * Behind TLS the last one comes at once. It tells the client which requests have not been begun,
   * so that those that cross with it can be sent again.
   */
  close(): void {
    const session = this.#session;
    if (this.info.isDraining || session.closed || session.destroyed) {
      return;
    }
    this.info.isDraining = true;
    if (this.info.isTls) {
      this.#finish();
      return;
    }
    // Past the session, which takes in nothing more once it has sent a GOAWAY, whatever that says. It
    // writes whole frames, and a plain socket takes one write after the other; that of TLS does not.
    this.#accepted.socket.write(firstGoaway);
    this.#accepted.wheel.start(this.#drainTimer, this.manager.context.config.drainTimeoutMs);
  }

  onStreamClose(isGivenUp: boolean): void {
    this.#active--;
    this.#wasBusy ||= isGivenUp && this.#session.destroyed;
    const isCounted = isGivenUp && !this.#session.destroyed && !this.#isToBeCut;
    if (isCounted && !this.#resets.count()) {
      this.manager.context.stats.downstreamCxProtocolError++;
      this.#isToBeCut = true;
      // Not in the middle of what has been read: Node.js 20 goes on with the rest of it, without the
      // session that it belongs to, and the process is aborted.
      setImmediate(() => this.#cut(enhanceYourCalm));
    } else if (this.#active > 0) {
      // The others go on.
    } else {
      this.#lingerIfDone();
      this.#accepted.startIdle();
    }
  }

  onSocketClose(): void {
    this.#watchTimer.stop();
    this.#drainTimer.stop();
    this.#lingerTimer?.stop();
    this.manager.context.stats.downstreamCxHttp2Active--;
  }

  #onStream(stream: ServerHttp2Stream, rawHeaders: readonly string[]): void {
    this.#active++;
    this.info.activeStreams = this.#active;
    if (stream.closed || stream.destroyed || this.#isToBeCut) {
      // Given up before it was begun: there is nobody to begin it for.
      stream.on('error', ignore);
      this.onStreamClose(true);
      return;
    }
    new NodeHttp2Stream(this, stream).start(rawHeaders);
  }

  /**
   * Finds clients that are gone without a word. With them it finds sessions that have ended for an
   * error of the client without telling us, as some do in Node.js 20: they answer nothing either.
   */
  #onWatch(): void {
    const session = this.#session;
    if (session.destroyed) {
      return;
    }
    const { socket, wheel } = this.#accepted;
    const isSilent = socket.bytesRead === this.#bytesRead;
    this.#bytesRead = socket.bytesRead;
    this.#silentWatches = isSilent ? this.#silentWatches + 1 : 0;
    if (!this.#hasSettings || this.#silentWatches > (this.#active === 0 ? 1 : maxSilentWatches)) {
      this.#cut(noError);
      return;
    }
    if (isSilent) {
      session.ping(ignore);
    }
    wheel.start(this.#watchTimer, watchIntervalMs);
  }

  /** The session is destroyed already, and its streams with it. */
  #onError({ code }: NodeJS.ErrnoException): void {
    // The others are of the socket, or what the client says that we have done wrong.
    const isOfClient = code === 'ERR_HTTP2_ERROR' || code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES';
    if (isOfClient && !this.#isToBeCut) {
      this.#accepted.isClosedByUs = true;
      this.manager.context.stats.downstreamCxProtocolError++;
    }
    this.#lingerIfDone();
  }

  /** Begins nothing more, and closes when nothing is under way. */
  #finish(): void {
    this.#drainTimer.stop();
    this.#accepted.isClosedByUs = true;
    this.#session.close();
    this.#lingerIfDone();
  }

  /** Ends the connection at once, and whatever is under way on it. */
  #cut(code: number): void {
    this.#accepted.isClosedByUs = true;
    this.#session.destroy(undefined, code);
    this.#lingerIfDone();
  }

  /** When our side is closed, or about to be, the other may take its time, but not for ever. */
  #lingerIfDone(): void {
    const { socket, wheel } = this.#accepted;
    const isDone = this.#session.destroyed || (this.#session.closed && this.#active === 0);
    // Once, however often the client says goodbye.
    if (isDone && !socket.destroyed && this.#lingerTimer === undefined) {
      this.#lingerTimer = new WheelTimer({ onDeadline: () => socket.destroy() });
      wheel.start(this.#lingerTimer, lingerMs);
    }
  }
}

function sessionOptions(settings: Http2SettingsConfig): ServerOptions {
  return {
    maxDeflateDynamicTableSize: settings.hpackTableSize,
    maxHeaderListPairs: maxHeaderPairs,
    maxSessionInvalidFrames: maxInvalidFrames,
    maxSessionMemory: maxSessionMegabytes,
    settings: {
      headerTableSize: settings.hpackTableSize,
      maxConcurrentStreams: settings.maxConcurrentStreams,
      initialWindowSize: settings.initialStreamWindowSize,
      maxHeaderListSize: maxHeaderListBytes,
    },
  };
}

function ignore(): void {
  // The session hears of it, and the connection when it is closed.
}
