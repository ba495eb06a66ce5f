import type { ServerHttp2Session, ServerHttp2Stream, ServerOptions } from 'node:http2';
import { WheelTimer } from '../../base/timer-wheel.js';
import type { Http2SettingsConfig } from '../../config/http-settings-config.js';
import type { ConnectionManager } from '../connection-manager.js';
import type { DownstreamConnection } from '../downstream-connection.js';
import { maxHeaders } from '../request-checks.js';
import type { AcceptedConnection, ConnectionCodec } from './accepted-connection.js';
import { NodeHttp2Stream } from './node-http2-stream.js';
import { ReceiveWindow } from './receive-window.js';
import { ResetLimit } from './reset-limit.js';

/** A client that has not said by then what it takes holds a socket for nothing. */
const settingsTimeoutMs = 60_000;

/** How long a client has to close its side when we have closed ours. */
const lingerMs = 1000;

/** The highest of all numbers of streams: the first GOAWAY refuses none of them. */
const maxStreamId = 2 ** 31 - 1;

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
export class NodeHttp2Connection implements ConnectionCodec {
  readonly info: DownstreamConnection;
  readonly manager: ConnectionManager;
  readonly window: ReceiveWindow;
  readonly #accepted: AcceptedConnection;
  readonly #session: ServerHttp2Session;
  readonly #resets: ResetLimit;
  readonly #settingsTimer: WheelTimer;
  /** Runs between the two GOAWAY frames. */
  readonly #drainTimer: WheelTimer;
  #active = 0;

  constructor(accepted: AcceptedConnection) {
    this.#accepted = accepted;
    this.info = accepted.info;
    this.manager = accepted.manager;
    const { clock, config } = accepted.manager.context;
    this.#resets = new ResetLimit(clock);
    this.#settingsTimer = new WheelTimer({ onDeadline: () => this.#cut(noError) });
    this.#drainTimer = new WheelTimer({ onDeadline: () => this.#onDrained() });
    accepted.socket.on('error', ignore);
    // Loaded when the first client speaks HTTP/2: most processes never meet one.
    const { performServerHandshake } = process.getBuiltinModule('node:http2');
    this.#session = performServerHandshake(accepted.socket, sessionOptions(config.http2Settings));
    this.window = new ReceiveWindow(
      this.#session,
      config.http2Settings.initialConnectionWindowSize,
    );
  }

  get isIdle(): boolean {
    return this.#active === 0 && !this.info.isDraining;
  }

  get isBusy(): boolean {
    return this.#active > 0;
  }

  /** Begins to serve. Called once, when it is known that the client speaks HTTP/2. */
  start(): void {
    const { stats } = this.manager.context;
    stats.downstreamCxHttp2Total++;
    stats.downstreamCxHttp2Active++;
    this.#accepted.serveBy(this);
    this.#accepted.wheel.start(this.#settingsTimer, settingsTimeoutMs);
    const session = this.#session;
    session.once('remoteSettings', () => this.#settingsTimer.stop());
    session.on('stream', (stream: ServerHttp2Stream, _: unknown, _flags: unknown, raw: string[]) => {
      this.#onStream(stream, raw);
    });
    session.on('error', (error) => this.#onError(error));
    session.on('close', () => this.#linger());
  }

  /**
   * Ends the connection as reference 5.11 says: a GOAWAY by which the client learns that it should
   * use another one, and after `drain_timeout_ms`, when what it had sent by then has arrived, the one
   * that refuses what comes later. Requests are served to their end. Idempotent.
   */
  close(): void {
    if (this.info.isDraining || this.#session.destroyed) {
      return;
    }
    this.info.isDraining = true;
    this.#session.goaway(noError, maxStreamId);
    this.#accepted.wheel.start(this.#drainTimer, this.manager.context.config.drainTimeoutMs);
  }

  /** A stream is closed. `isGivenUp`: not by us, and not at its end. */
  onStreamClose(isGivenUp: boolean): void {
    this.#active--;
    if (isGivenUp && !this.#session.destroyed && !this.#resets.count()) {
      this.manager.context.stats.downstreamCxProtocolError++;
      this.#cut(enhanceYourCalm);
    } else if (this.#active === 0) {
      this.#accepted.startIdle();
    }
  }

  onSocketClose(): void {
    this.#settingsTimer.stop();
    this.#drainTimer.stop();
    this.manager.context.stats.downstreamCxHttp2Active--;
  }

  #onStream(stream: ServerHttp2Stream, rawHeaders: readonly string[]): void {
    this.#active++;
    new NodeHttp2Stream(this, stream).start(rawHeaders);
  }

  /** The session is destroyed already, and its streams with it. */
  #onError({ code }: NodeJS.ErrnoException): void {
    // The others are of the socket, or what the client says that we have done wrong.
    if (code === 'ERR_HTTP2_ERROR' || code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES') {
      this.#accepted.isClosedByUs = true;
      this.manager.context.stats.downstreamCxProtocolError++;
    }
  }

  #onDrained(): void {
    this.#accepted.isClosedByUs = true;
    this.#session.close();
  }

  /** Ends the connection at once, and whatever is under way on it. */
  #cut(code: number): void {
    this.#accepted.isClosedByUs = true;
    this.#session.destroy(undefined, code);
  }

  /** Our side is closed, or about to be: the other may take its time, but not for ever. */
  #linger(): void {
    const { socket, wheel } = this.#accepted;
    if (!socket.destroyed) {
      const timer = new WheelTimer({ onDeadline: () => socket.destroy() });
      wheel.start(timer, lingerMs);
      socket.on('close', () => timer.stop());
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
