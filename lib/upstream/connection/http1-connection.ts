import type { Duplex } from 'node:stream';
import type { TimerWheel } from '../../base/timer-wheel.js';
import { WheelTimer } from '../../base/timer-wheel.js';
import type { Address } from '../../config/address.js';
import type { HeaderList } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';
import type { ResetReason } from '../../http/reset-reason.js';
import type { RequestEncoder, ResponseDecoder } from '../../http/stream.js';
import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import type { HostStats } from '../../telemetry/stats/host-stats.js';
import type { Connector } from './connector.js';
import { encodeRequestHead, encodeTrailers } from './http1-request-head.js';
import { Http1ResponseParser, type ResponseSink } from './http1-response-parser.js';

/** Who ended a connection. */
export type CloseReason = 'local' | 'remote';

/** What a connection tells the pool that made it. */
export interface ConnectionOwner {
  readonly clusterStats: ClusterStats;
  readonly hostStats: HostStats;
  readonly wheel: TimerWheel;
  readonly connectTimeoutMs: number;
  /** The connection is established and takes its first request. */
  onConnected(connection: Http1Connection): void;
  /** It could not be established. `onClosed` follows. */
  onConnectFailed(connection: Http1Connection, reason: ResetReason): void;
  /** A response is complete and the connection may serve again. */
  onReusable(connection: Http1Connection): void;
  /** The connection is gone. Called exactly once. */
  onClosed(connection: Http1Connection): void;
}

const lastChunk = '0\r\n\r\n';

/**
 * One HTTP/1.1 connection to a host, which serves one request at a time.
 *
 * The head and a small body leave in one write. The response is handed on as it is read; of the
 * last piece it is known that it is the last, so that the other side can do with one write too.
 */
export class Http1Connection implements ResponseSink, RequestEncoder {
  /** How many requests it has been given. */
  requestCount = 0;
  /** Set by the pool: close after the response that is under way. */
  isDraining = false;

  readonly #owner: ConnectionOwner;
  readonly #socket: Duplex;
  readonly #parser: Http1ResponseParser;
  readonly #connectTimer: WheelTimer;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #decoder: ResponseDecoder | undefined = undefined;
  #isRequestEnded = true;
  #isChunked = false;
  #isCorked = false;
  #isPaused = false;
  #isEndHandedOn = false;
  /** What the current read has produced and not yet handed on. */
  #heldHead: ResponseHead | undefined = undefined;
  #heldData: Buffer | undefined = undefined;

  constructor(owner: ConnectionOwner, connector: Connector, target: Address) {
    this.#owner = owner;
    this.#parser = new Http1ResponseParser(this);
    this.#connectTimer = new WheelTimer({ onDeadline: () => this.#onConnectTimeout() });
    owner.wheel.start(this.#connectTimer, owner.connectTimeoutMs);
    const stats = owner.clusterStats;
    stats.upstreamCxTotal++;
    stats.upstreamCxHttp1Total++;
    stats.upstreamCxActive++;
    owner.hostStats.cxTotal++;
    owner.hostStats.cxActive++;
    const socket = connector.connect(target, (size, buffer) => this.#onRead(size, buffer));
    this.#socket = socket;
    socket.on('connect', () => this.#onConnect());
    socket.on('drain', () => this.#decoder?.onRequestWritable());
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.#onGone());
    socket.on('close', () => this.#onGone());
  }

  /** Whether no request is under way and one could be. */
  get isIdle(): boolean {
    return this.#state === 'open' && this.#decoder === undefined;
  }

  /** Gives the connection its next request. Only while `isIdle`. */
  attach(decoder: ResponseDecoder): void {
    const isReused = this.requestCount > 0;
    this.requestCount++;
    this.#decoder = decoder;
    this.#isRequestEnded = false;
    this.#isEndHandedOn = false;
    const stats = this.#owner.clusterStats;
    stats.upstreamRqTotal++;
    stats.upstreamRqActive++;
    this.#owner.hostStats.rqTotal++;
    this.#owner.hostStats.rqActive++;
    decoder.onConnection(this, isReused);
  }

  /** Closes the connection. A request that is under way is reset. */
  close(): void {
    this.#close('local', 'local-reset');
  }

  // The request, from the router.

  encodeHead(head: RequestHead, endStream: boolean): void {
    this.#parser.start(head.method);
    const { text, isChunked } = encodeRequestHead(head, endStream);
    this.#isChunked = isChunked;
    if (endStream) {
      this.#isRequestEnded = true;
    } else {
      this.#cork();
    }
    this.#owner.clusterStats.upstreamCxTxBytesTotal += text.length;
    this.#socket.write(text, 'latin1');
  }

  encodeData(chunk: Uint8Array, endStream: boolean): boolean {
    const socket = this.#socket;
    this.#owner.clusterStats.upstreamCxTxBytesTotal += chunk.length;
    let canGoOn = true;
    if (!this.#isChunked) {
      if (chunk.length > 0) {
        canGoOn = socket.write(chunk);
      }
    } else {
      this.#cork();
      if (chunk.length > 0) {
        socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
        socket.write(chunk);
        canGoOn = socket.write(endStream ? `\r\n${lastChunk}` : '\r\n', 'latin1');
      } else if (endStream) {
        socket.write(lastChunk, 'latin1');
      }
    }
    if (endStream) {
      this.#endRequest();
    }
    return canGoOn;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (this.#isChunked) {
      this.#socket.write(trailers === undefined ? lastChunk : encodeTrailers(trailers), 'latin1');
    }
    this.#endRequest();
  }

  setResponsePaused(isPaused: boolean): void {
    if (this.#state !== 'open') {
      return;
    }
    const stats = this.#owner.clusterStats;
    this.#isPaused = isPaused;
    if (isPaused) {
      stats.upstreamFlowControlPausedReadingTotal++;
      this.#socket.pause();
    } else {
      stats.upstreamFlowControlResumedReadingTotal++;
      this.#socket.resume();
    }
  }

  abort(): void {
    if (this.#decoder === undefined) {
      return;
    }
    this.#owner.clusterStats.upstreamRqTxReset++;
    this.#close('local', 'local-reset', false);
  }

  // The response, from the parser.

  onInformational(): void {
    // A 100 from upstream is swallowed: reference 3.8. Other 1xx have no meaning in v1.
  }

  onHead(status: number, headers: HeaderList, hasBody: boolean): void {
    if (status < 200) {
      // Nobody asked for an upgrade on this connection, and below 100 there is no status.
      this.#parser.stop();
      this.#onProtocolError();
      return;
    }
    this.#heldHead = { status, headers };
    if (!hasBody) {
      this.#isEndHandedOn = true;
      this.#handOnHead(true, false);
    }
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.#handOnHead(false, true);
    this.#handOnData(false);
    // A copy, since all connections of the thread share the read buffer.
    const copy = Buffer.allocUnsafe(end - start);
    chunk.copy(copy, 0, start, end);
    this.#heldData = copy;
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#isEndHandedOn) {
      return;
    }
    this.#isEndHandedOn = true;
    this.#handOnHead(false, true);
    if (trailers === undefined && this.#heldData !== undefined) {
      this.#handOnData(true);
    } else {
      this.#handOnData(false);
      this.#decoder?.decodeEnd(trailers);
    }
  }

  #handOnHead(endStream: boolean, moreFollows: boolean): void {
    const head = this.#heldHead;
    if (head !== undefined) {
      this.#heldHead = undefined;
      this.#decoder?.decodeHead(head, endStream, moreFollows);
    }
  }

  #handOnData(endStream: boolean): void {
    const data = this.#heldData;
    if (data !== undefined) {
      this.#heldData = undefined;
      this.#decoder?.decodeData(data, endStream);
    }
  }

  // The socket.

  #onConnect(): void {
    if (this.#state === 'connecting') {
      this.#state = 'open';
      this.#connectTimer.stop();
      this.#owner.onConnected(this);
    }
  }

  #onRead(size: number, buffer: Uint8Array): boolean {
    this.#owner.clusterStats.upstreamCxRxBytesTotal += size;
    if (this.#decoder === undefined) {
      // An answer that nobody asked for, such as a 408 before an idle close.
      this.#close('local', 'connection-termination');
      return true;
    }
    // The connector lends a Buffer; `net` declares less.
    const consumed = this.#parser.execute(buffer as Buffer, 0, size);
    if (this.#state !== 'open') {
      return true;
    }
    if (this.#parser.error !== undefined) {
      this.#onProtocolError();
    } else if (this.#parser.isComplete) {
      this.#finishResponse(consumed === size);
    } else {
      this.#handOnHead(false, this.#heldData !== undefined);
      this.#handOnData(false);
    }
    return true;
  }

  /** The peer has closed its half; with HTTP/1 nothing more can come of this connection. */
  #onEnd(): void {
    if (this.#state === 'open' && this.#decoder !== undefined && this.#parser.finish()) {
      this.#finishResponse(false);
    } else {
      this.#onGone();
    }
  }

  #onGone(): void {
    this.#close(
      'remote',
      this.#state === 'connecting' ? 'connect-failure' : 'connection-termination',
    );
  }

  #onConnectTimeout(): void {
    this.#owner.clusterStats.upstreamCxConnectTimeout++;
    this.#close('local', 'connect-timeout');
  }

  #onProtocolError(): void {
    this.#owner.clusterStats.upstreamCxProtocolError++;
    this.#close('local', 'connection-termination');
  }

  #finishResponse(isClean: boolean): void {
    const canServeAgain = isClean && this.#isRequestEnded && this.#parser.keepAlive;
    if (!this.#parser.keepAlive) {
      this.#owner.clusterStats.upstreamCxCloseNotify++;
    }
    this.#detach();
    if (canServeAgain && !this.isDraining) {
      if (this.#isPaused) {
        // The whole response was at hand when its receiver asked for a pause.
        this.#isPaused = false;
        this.#socket.resume();
      }
      this.#owner.onReusable(this);
    } else {
      this.#close('local', 'local-reset');
    }
  }

  #detach(): void {
    this.#decoder = undefined;
    this.#heldHead = undefined;
    this.#heldData = undefined;
    this.#owner.clusterStats.upstreamRqActive--;
    this.#owner.hostStats.rqActive--;
  }

  /** `isTold`: whether the decoder hears of it. */
  #close(by: CloseReason, reason: ResetReason, isTold = true): void {
    if (this.#state === 'closed') {
      return;
    }
    const wasConnecting = this.#state === 'connecting';
    const decoder = this.#decoder;
    const hadResponse = decoder !== undefined && !this.#parser.isUntouched;
    this.#state = 'closed';
    this.#connectTimer.stop();
    this.#parser.stop();
    this.#socket.destroy();
    this.#countClose(by, wasConnecting, decoder !== undefined);
    if (decoder !== undefined) {
      this.#detach();
    }
    if (wasConnecting) {
      this.#owner.onConnectFailed(this, reason);
    }
    this.#owner.onClosed(this);
    if (isTold) {
      // Last, since the router may at once ask for another connection to this host.
      decoder?.onReset(reason, hadResponse);
    }
  }

  #countClose(by: CloseReason, wasConnecting: boolean, hadRequest: boolean): void {
    const stats = this.#owner.clusterStats;
    const hostStats = this.#owner.hostStats;
    stats.upstreamCxActive--;
    hostStats.cxActive--;
    if (wasConnecting) {
      stats.upstreamCxConnectFail++;
      hostStats.cxConnectFail++;
      return;
    }
    stats.upstreamCxDestroy++;
    if (by === 'local') {
      stats.upstreamCxDestroyLocal++;
    } else {
      stats.upstreamCxDestroyRemote++;
    }
    if (hadRequest) {
      stats.upstreamCxDestroyWithActiveRq++;
      if (by === 'local') {
        stats.upstreamCxDestroyLocalWithActiveRq++;
      } else {
        stats.upstreamCxDestroyRemoteWithActiveRq++;
      }
    }
  }

  #endRequest(): void {
    this.#isRequestEnded = true;
    this.#uncork();
  }

  /** Gathers what is written in this turn into one system call. */
  #cork(): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(uncork, this);
    }
  }

  #uncork(): void {
    if (this.#isCorked) {
      this.#isCorked = false;
      this.#socket.uncork();
    }
  }

  static uncork(connection: Http1Connection): void {
    connection.#uncork();
  }
}

const uncork = Http1Connection.uncork;
