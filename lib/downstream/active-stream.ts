import { httpDate } from '../base/http-date.js';
import { FilterChain, type FilterChainOwner } from '../http/filter-chain.js';
import type { HeaderList } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { NativeExchange } from '../http/native-exchange.js';
import type { RequestDecoder, ResponseEncoder } from '../http/stream.js';
import type { StreamOwner } from './connection-manager-context.js';
import type { DownstreamConnection } from './downstream-connection.js';
import { applyRequestHeaderRules } from './forwarded-headers.js';
import { createLocalReply } from './local-reply.js';
import { unreadHead } from './request-checks.js';
import { applyResponseHeaderRules } from './response-headers.js';
import { type StreamProtocol, StreamRecord } from './stream-record.js';
import { answerHandshake } from './upgrade/answer-handshake.js';

/**
 * One request under way, from its head to the last byte of its response. It is the stream of its
 * codec, the callbacks of its filters and the record for the access log in one, so that a request
 * costs few objects.
 */
export class ActiveStream extends StreamRecord implements RequestDecoder, FilterChainOwner {
  readonly #encoder: ResponseEncoder;
  #chain: FilterChain | undefined = undefined;
  #isRequestPaused = false;
  /** Whether the whole response was at hand when its head was. */
  #isResponseWhole = false;
  /** Whether a response has begun its way through the filters. */
  #hasResponse = false;
  /** Whether it is a reply of our own. What a filter still brings is nobody's answer then. */
  #hasLocalReply = false;
  #failureCount = 0;
  #isDone = false;

  constructor(
    manager: StreamOwner,
    encoder: ResponseEncoder,
    connection: DownstreamConnection,
    protocol: StreamProtocol,
  ) {
    super(manager, connection, protocol);
    this.#encoder = encoder;
  }

  get nativeExchange(): NativeExchange | undefined {
    return this.#chain?.readsBody === true ? undefined : this.#encoder.nativeExchange;
  }

  // The request, from the codec.

  decodeHead(head: RequestHead, endStream: boolean): void {
    this.requestHead = head;
    if (endStream) {
      this.completeRequest();
    }
    try {
      this.#decodeHead(head, endStream);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Answers a head that is too large: reference 3.4. Takes the place of `decodeHead`. */
  refuseHead(): void {
    this.requestHead = unreadHead;
    this.isRequestComplete = true;
    this.sendLocalReply(431, '');
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.bytesReceived += chunk.length;
    if (endStream) {
      this.completeRequest();
    }
    if (!this.#isDone) {
      try {
        this.#chain?.decodeData(chunk, endStream);
      } catch (error) {
        this.fail(error);
      }
    }
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.completeRequest();
    if (!this.#isDone) {
      try {
        this.#chain?.decodeEnd(trailers);
      } catch (error) {
        this.fail(error);
      }
    }
  }

  onDownstreamReset(): void {
    if (!this.#isDone) {
      this.manager.context.stats.downstreamRqRxReset++;
      this.#finish();
    }
  }

  onResponseWritable(): void {
    try {
      this.#chain?.onResponsePaused(false);
    } catch (error) {
      this.fail(error);
    }
  }

  // The filters' callbacks.

  continueDecoding(body?: Buffer): void {
    if (!this.#isDone) {
      try {
        this.#chain?.continueDecoding(body);
      } catch (error) {
        this.fail(error);
      }
    }
  }

  continueEncoding(body?: Buffer): void {
    if (!this.#isDone) {
      try {
        this.#chain?.response?.continue(body);
      } catch (error) {
        this.fail(error);
      }
    }
  }

  sendLocalReply(status: number, body: string | Buffer, headers?: HeaderList): void {
    if (this.responseCode !== 0 || this.#isDone) {
      return;
    }
    const reply = createLocalReply(status, body, this.requestHead.method, headers);
    const hasBody = reply.body !== undefined;
    this.#isResponseWhole = true;
    this.#hasLocalReply = true;
    this.#chain?.endRequest();
    if (this.#hasResponse) {
      // In the place of a response that a filter holds back, and on no second way through them.
      this.#chain?.response?.close();
      this.sendHead(reply.head, !hasBody, hasBody);
      if (reply.body !== undefined) {
        this.sendData(reply.body, true);
      }
      return;
    }
    this.#encodeHead(reply.head, !hasBody, hasBody);
    if (reply.body !== undefined) {
      this.#encodeData(reply.body, true);
    }
  }

  encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    if (!this.#hasLocalReply) {
      this.#isResponseWhole = endStream;
      this.noteUpstreamHead();
      this.#encodeHead(head, endStream, moreFollows);
    }
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    return this.#hasLocalReply || this.#encodeData(chunk, endStream);
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    const response = this.#chain?.response;
    if (!(this.#isDone || this.#hasLocalReply)) {
      try {
        if (response === undefined) {
          this.sendEnd(trailers);
        } else {
          response.end(trailers);
        }
      } catch (error) {
        this.fail(error);
      }
    }
  }

  /** A broken invariant of ours ends this one request, and nothing else. */
  fail(error: unknown): void {
    this.manager.reportInternalError(error);
    this.#failureCount++;
    // A reply may fail on its way through the filters, once; it is then sent past them.
    if (this.responseCode === 0 && this.#failureCount <= 2) {
      this.sendLocalReply(500, '');
    } else {
      this.resetStream();
    }
  }

  // What has passed the filters.

  onRequestTooLarge(): void {
    this.manager.context.stats.downstreamRqTooLarge++;
    this.sendLocalReply(413, 'Payload Too Large');
  }

  onResponseTooLarge(): void {
    this.manager.context.stats.rsTooLarge++;
    this.sendLocalReply(500, 'Internal Server Error');
  }

  sendHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    if (this.#isDone) {
      return;
    }
    try {
      this.#applyResponseRules(head);
      this.noteResponse(head.status, head.headers);
      this.#encoder.encodeHead(head, endStream, moreFollows);
    } catch (error) {
      // Whoever brings the response is in a callback of a socket, out of which nothing may come.
      this.noteResponse(0, undefined);
      this.fail(error);
      return;
    }
    this.chargeResponse(head.status);
    if (endStream) {
      this.#onResponseComplete();
    }
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (this.#isDone) {
      return true;
    }
    this.bytesSent += chunk.length;
    const canGoOn = this.#encoder.encodeData(chunk, endStream);
    if (endStream) {
      this.#onResponseComplete();
    }
    return canGoOn;
  }

  sendEnd(trailers: HeaderList | undefined): void {
    this.#encoder.encodeEnd(trailers);
    this.#onResponseComplete();
  }

  resetStream(): void {
    if (!this.#isDone) {
      this.manager.context.stats.downstreamRqTxReset++;
      this.#finish();
      this.#encoder.reset();
    }
  }

  setRequestPaused(isPaused: boolean): void {
    if (this.#isDone || this.isRequestComplete || isPaused === this.#isRequestPaused) {
      return;
    }
    this.#isRequestPaused = isPaused;
    this.chargePause(isPaused);
    this.#encoder.setRequestPaused(isPaused);
  }

  /** The checks of reference 3.4, then the header rules, the route and the filters: 5.1. */
  #decodeHead(head: RequestHead, endStream: boolean): void {
    let { stats, tunnels, filterFactories } = this.manager.context;
    const refusal = this.checkHead();
    if (refusal !== undefined) {
      this.sendLocalReply(refusal, '');
      return;
    }
    const origin = applyRequestHeaderRules(head.headers, this.connection, this.manager.headerRules);
    this.setOrigin(origin);
    this.refreshRoute();
    if (origin.isWebSocketUpgrade && this.route !== undefined) {
      const answer = answerHandshake(this.route, this.#encoder.rawConnection, tunnels, stats);
      if (typeof answer === 'number') {
        this.sendLocalReply(answer, '');
        return;
      }
      filterFactories = [answer];
    } else {
      this.startTrace();
    }
    this.#chain = new FilterChain(filterFactories, this);
    this.#chain.decodeHead(head, endStream);
  }

  #encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    const response = this.#chain?.response;
    this.#hasResponse = true;
    if (response === undefined || this.#isDone) {
      this.sendHead(head, endStream, moreFollows);
      return;
    }
    try {
      response.head(head, endStream, moreFollows);
    } catch (error) {
      this.fail(error);
    }
  }

  #encodeData(chunk: Buffer, endStream: boolean): boolean {
    const response = this.#chain?.response;
    if (response === undefined || this.#isDone) {
      return this.sendData(chunk, endStream);
    }
    try {
      return response.data(chunk, endStream);
    } catch (error) {
      this.fail(error);
      return true;
    }
  }

  #applyResponseRules({ headers }: ResponseHead): void {
    const { config, clock } = this.manager.context;
    this.nameTrace(headers);
    const isClosing = this.#isClosing();
    applyResponseHeaderRules(headers, config.serverName, httpDate(clock.wallNow()));
    this.customResponseHeaders?.apply(headers, this);
    if (isClosing) {
      headers.push('connection', 'close');
    }
  }

  #isClosing(): boolean {
    if ((this.manager.isDraining || this.connection.isRetired) && !this.connection.isDraining) {
      this.manager.context.stats.downstreamCxDrainClose++;
      return true;
    }
    // An early response: the rest of the request is of no use to anybody.
    return this.mustClose || (this.#isResponseWhole && !this.isRequestComplete);
  }

  #onResponseComplete(): void {
    if (!this.#isDone) {
      this.manager.context.stats.downstreamRqResponseBeforeRqComplete += +!this.isRequestComplete;
      this.#finish();
    }
  }

  /** Called once, though a client in this process may give up at the last piece. */
  #finish(): void {
    this.#isDone = true;
    try {
      this.#chain?.destroy();
    } catch (error) {
      this.manager.reportInternalError(error);
    }
    this.log();
    this.manager.onStreamEnd();
  }
}
