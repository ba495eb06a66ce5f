import type { Duplex } from 'node:stream';
import type { TimerWheel } from '../../base/timer-wheel.js';
import { WheelTimer } from '../../base/timer-wheel.js';
import type { Address } from '../../config/address.js';
import type { HeaderList } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';
import type { ResetReason } from '../../http/reset-reason.js';
import { type AddressedStream, formatLocalAddress } from '../../http/socket-address.js';
import type { RequestEncoder, ResponseDecoder } from '../../http/stream.js';
import type { Closer, ConnectionStats } from './connection-stats.js';
import { type Connector, LocalFailure } from './connector.js';
import { Http1RequestWriter } from './http1-request-writer.js';
import { Http1ResponseParser, type ResponseSink } from './http1-response-parser.js';

/** What a connection tells the pool that made it. */
export interface ConnectionOwner {
  readonly stats: ConnectionStats;
  readonly wheel: TimerWheel;
  readonly connectTimeoutMs: number;
  /** How many bytes may wait to be sent before the sender is asked to pause. */
  readonly bufferLimitBytes: number;
  /** The connection is established and takes its first request. */
  onConnected(connection: Http1Connection): void;
  /** It could not be established. `onClosed` follows. */
  onConnectFailed(connection: Http1Connection, reason: ResetReason): void;
  /** A response is complete and the connection may serve again. */
  onReusable(connection: Http1Connection): void;
  /** The connection is gone. Called exactly once. */
  onClosed(connection: Http1Connection): void;
}

/**
 * One HTTP/1.1 connection to a host, which serves one request at a time.
 *
 * The response is handed on as it is read; of the last piece it is known that it is the last, so
 * that the other side can do with one write too.
 */
export class Http1Connection implements ResponseSink, RequestEncoder {
  /** How many requests it has been given. */
  requestCount = 0;

  readonly #owner: ConnectionOwner;
  readonly #socket: Duplex & AddressedStream;
  readonly #writer: Http1RequestWriter;
  readonly #parser: Http1ResponseParser;
  readonly #connectTimer: WheelTimer;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #decoder: ResponseDecoder | undefined = undefined;
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
    owner.stats.onOpening();
    const socket = connector.connect(
      target,
      (size, buffer) => this.#onRead(size, buffer),
      owner.bufferLimitBytes,
    );
    this.#socket = socket;
    this.#writer = new Http1RequestWriter(socket, owner.stats.cluster);
    socket.on(connector.openEvent, () => this.#onConnect());
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onGone());
  }

  /** Whether it is not established yet. */
  get isConnecting(): boolean {
    return this.#state === 'connecting';
  }

  get localAddress(): string {
    return formatLocalAddress(this.#socket);
  }

  get transport(): object {
    return this.#socket;
  }

  /** Gives the connection its next request. Only while it is established and serves none. */
  attach(decoder: ResponseDecoder): void {
    const isReused = this.requestCount > 0;
    this.requestCount++;
    this.#decoder = decoder;
    this.#isEndHandedOn = false;
    this.#writer.start();
    this.#owner.stats.onRequestStart();
    decoder.onConnection(this, isReused);
  }

  /** Closes the connection. A request that is under way is reset. */
  close(): void {
    this.#close('local', 'local-reset');
  }

  // The request, from the router.

  encodeHead(head: RequestHead, endStream: boolean): void {
    this.#parser.start(head.method);
    this.#writer.writeHead(head, endStream);
  }

  encodeData(chunk: Uint8Array, endStream: boolean): boolean {
    return this.#writer.writeData(chunk, endStream);
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    this.#writer.writeEnd(trailers);
  }

  setResponsePaused(isPaused: boolean): void {
    if (this.#state !== 'open' || isPaused === this.#isPaused) {
      return;
    }
    const stats = this.#owner.stats.cluster;
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
    this.#owner.stats.cluster.upstreamRqTxReset++;
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

  #onDrain(): void {
    this.#writer.onDrain();
    this.#decoder?.onRequestWritable();
  }

  #onRead(size: number, buffer: Uint8Array): boolean {
    this.#owner.stats.cluster.upstreamCxRxBytesTotal += size;
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
      this.#onResponseComplete(consumed === size);
    } else {
      this.#handOnHead(false, this.#heldData !== undefined);
      this.#handOnData(false);
    }
    return true;
  }

  /** The peer has closed its half; with HTTP/1 nothing more can come of this connection. */
  #onEnd(): void {
    const wasServing = this.#state === 'open' && this.#decoder !== undefined;
    if (wasServing && this.#parser.finish() && this.#decoder !== undefined) {
      this.#owner.stats.cluster.upstreamCxCloseNotify++;
      this.#detach();
    }
    this.#onGone();
  }

  #onError(error: Error): void {
    if (error instanceof LocalFailure) {
      this.close();
    } else {
      this.#onGone();
    }
  }

  #onGone(): void {
    this.#close('remote', this.isConnecting ? 'connect-failure' : 'connection-termination');
  }

  #onConnectTimeout(): void {
    this.#owner.stats.cluster.upstreamCxConnectTimeout++;
    this.#close('local', 'connect-timeout');
  }

  #onProtocolError(): void {
    this.#owner.stats.cluster.upstreamCxProtocolError++;
    this.#close('local', 'connection-termination');
  }

  /**
   * `isClean`: the peer has sent the response and not a byte more. One that has answered a request
   * which still waits here to be taken will take no other in good time: reference 3.10.
   */
  #onResponseComplete(isClean: boolean): void {
    const { keepAlive } = this.#parser;
    this.#detach();
    if (!keepAlive) {
      this.#owner.stats.cluster.upstreamCxCloseNotify++;
    } else if (!isClean) {
      // Whatever it is, it must not become the answer to somebody else's request.
      this.#owner.stats.cluster.upstreamCxProtocolError++;
    } else if (this.#writer.isEnded && !this.#socket.writableNeedDrain) {
      // The whole response may have been at hand when its receiver asked for a pause.
      this.setResponsePaused(false);
      this.#owner.onReusable(this);
      return;
    }
    this.close();
  }

  #detach(): void {
    this.#decoder = undefined;
    this.#heldHead = undefined;
    this.#heldData = undefined;
    this.#owner.stats.onRequestEnd();
  }

  /** `isTold`: whether the decoder hears of it. */
  #close(by: Closer, reason: ResetReason, isTold = true): void {
    if (this.#state === 'closed') {
      return;
    }
    const wasConnecting = this.isConnecting;
    const decoder = this.#decoder;
    const hadResponse = !this.#parser.isUntouched;
    this.#state = 'closed';
    this.#connectTimer.stop();
    this.#parser.stop();
    this.#socket.destroy();
    this.#owner.stats.onClosed(by, wasConnecting, decoder !== undefined);
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
}
