import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HeaderList, hasHeader, lowerCaseName } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';
import type { NativeExchange, NativeObserver } from '../../http/native-exchange.js';
import type { ResponseEncoder } from '../../http/stream.js';
import type { ActiveStream, StreamProtocol } from '../active-stream.js';
import type { ConnectionManager } from '../connection-manager.js';
import type { NodeHttp1Connection } from './node-http1-connection.js';
import type {
  DownstreamRequest,
  DownstreamResponse,
  MessageObserver,
} from './node-http1-messages.js';

/** What the framing of a request tells about its body. -1 stands for chunks, 0 for none. */
type BodyLength = number;
const chunked: BodyLength = -1;

/** One request and its response on a downstream connection of the `node:http` codec. */
export class NodeHttp1Stream implements ResponseEncoder, NativeExchange, MessageObserver {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #request: DownstreamRequest;
  readonly #response: DownstreamResponse;
  readonly #connection: NodeHttp1Connection;
  readonly #stream: ActiveStream;
  #nativeObserver: NativeObserver | undefined = undefined;
  #remainingBytes: BodyLength = 0;
  #isRequestEnded = false;
  #isResponseEnded = false;
  #isClosed = false;
  #waitsForDrain = false;

  constructor(
    manager: ConnectionManager,
    connection: NodeHttp1Connection,
    request: DownstreamRequest,
    response: DownstreamResponse,
  ) {
    this.request = request;
    this.response = response;
    this.#request = request;
    this.#response = response;
    this.#connection = connection;
    this.#stream = manager.newStream(this, connection.info, protocolOf(request));
    connection.activeStreams++;
  }

  get nativeExchange(): NativeExchange {
    return this;
  }

  get isNative(): boolean {
    return this.#nativeObserver !== undefined;
  }

  /** Hands the request on. Called once. */
  start(): void {
    const request = this.#request;
    request.observer = this;
    this.#response.observer = this;
    this.#response.on('close', onResponseClose);
    const head: RequestHead = {
      method: request.method ?? '',
      path: request.url ?? '',
      authority: '',
      headers: [],
    };
    this.#remainingBytes = readHeaders(request.rawHeaders, head);
    if (this.#remainingBytes === 0) {
      this.#isRequestEnded = true;
      this.#stream.decodeHead(head, true);
      return;
    }
    // Before the application gets to listen: the request has ended when it hears so.
    request.on('end', onRequestEnd);
    this.#stream.decodeHead(head, false);
    if (!this.isNative && !this.#isResponseEnded) {
      request.on('data', onRequestData);
    }
  }

  // The response, from the connection manager.

  encodeHead(head: ResponseHead, endStream: boolean, moreFollows: boolean): void {
    const response = this.#response;
    const headers = head.headers;
    if (endStream && mayHaveLength(head, this.#request.method)) {
      headers.push('content-length', '0');
    }
    if (!response.shouldKeepAlive && headers.at(-2) !== 'connection') {
      // The client has asked for it.
      headers.push('connection', 'close');
    } else {
      // Nothing to say about a connection that stays.
      response.removeHeader('connection');
    }
    response.writeHeadNow(head.status, headers);
    if (endStream) {
      this.#endResponse(undefined);
    } else if (!moreFollows) {
      response.flushHeaders();
    }
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    if (endStream) {
      this.#endResponse(chunk);
      return true;
    }
    if (this.#response.writeNow(chunk)) {
      return true;
    }
    if (!this.#waitsForDrain) {
      this.#waitsForDrain = true;
      this.#response.once('drain', () => {
        this.#waitsForDrain = false;
        this.#stream.onResponseWritable();
      });
    }
    return false;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    if (trailers !== undefined && this.#response.chunkedEncoding) {
      this.#response.addTrailers(toPairs(trailers));
    }
    this.#endResponse(undefined);
  }

  reset(): void {
    this.#connection.reset();
  }

  setRequestPaused(isPaused: boolean): void {
    if (this.#isRequestEnded || this.isNative) {
      return;
    }
    if (isPaused) {
      this.#request.pause();
    } else {
      this.#request.resume();
    }
  }

  // A mounted application.

  take(head: RequestHead, observer: NativeObserver): void {
    this.#nativeObserver = observer;
    const request = this.#request;
    request.method = head.method;
    request.url = head.path;
    const headers = ['host', head.authority, ...head.headers];
    request.rawHeaders = headers;
    request.nativeHeaders = headers;
  }

  onNativeWriteHead(status: number, headers: HeaderList): void {
    this.#nativeObserver?.onNativeHead({ status, headers });
  }

  // What `node:http` tells.

  onRequestData(chunk: Buffer): void {
    if (this.#isRequestEnded) {
      return;
    }
    if (this.#remainingBytes > 0) {
      // The last piece of a body of known length is known to be the last.
      this.#remainingBytes -= chunk.length;
      this.#isRequestEnded = this.#remainingBytes <= 0;
    }
    this.#stream.decodeData(chunk, this.#isRequestEnded);
  }

  onRequestEnd(): void {
    if (!this.#isRequestEnded) {
      this.#isRequestEnded = true;
      const { rawTrailers } = this.#request;
      this.#stream.decodeEnd(rawTrailers.length > 0 ? toHeaderList(rawTrailers) : undefined);
    }
  }

  onClose(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#connection.onStreamEnd();
    if (this.#isResponseEnded) {
      return;
    }
    const response = this.#response;
    if (this.isNative && response.writableFinished) {
      this.#isResponseEnded = true;
      if (this.#request.complete) {
        this.onRequestEnd();
      }
      this.#stream.addBytesSent(response.nativeBodyBytes);
      this.#nativeObserver?.onNativeEnd();
    } else {
      this.#stream.onDownstreamReset();
    }
  }

  #endResponse(chunk: Buffer | undefined): void {
    if (this.#isResponseEnded) {
      return;
    }
    this.#isResponseEnded = true;
    const response = this.#response;
    if (!this.#isRequestEnded && !this.#request.complete) {
      // An early response: the rest of the request is read, and thrown away.
      this.#connection.lingerAfterResponse();
      response.on('finish', () => this.#connection.linger());
      this.#request.resume();
    }
    response.endNow(chunk);
    // An application that was not waited for may still write.
    response.isAbandoned = this.isNative;
  }
}

function onRequestData(this: DownstreamRequest, chunk: Buffer): void {
  this.observer?.onRequestData(chunk);
}

function onRequestEnd(this: DownstreamRequest): void {
  this.observer?.onRequestEnd();
}

function onResponseClose(this: DownstreamResponse): void {
  this.observer?.onClose();
}

function protocolOf(request: IncomingMessage): StreamProtocol {
  return request.httpVersionMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
}

/**
 * Fills `head` with the headers as they came, and returns how the body is framed. The host stands
 * by itself; two of them are as good as none (RFC 9112, 3.2).
 */
function readHeaders(raw: readonly string[], head: RequestHead): BodyLength {
  const headers = head.headers;
  let hosts = 0;
  let bodyLength: BodyLength = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerCaseName(raw[i] as string);
    const value = raw[i + 1] as string;
    if (name === 'host') {
      hosts++;
      head.authority = value;
      continue;
    }
    if (name === 'transfer-encoding') {
      bodyLength = chunked;
    } else if (name === 'content-length' && bodyLength !== chunked) {
      bodyLength = Number(value);
    }
    headers.push(name, value);
  }
  if (hosts > 1) {
    head.authority = '';
  }
  return bodyLength;
}

/** Whether an empty body is announced: not where there can be none, nor where it says more. */
function mayHaveLength(head: ResponseHead, method: string | undefined): boolean {
  return (
    method !== 'HEAD' &&
    head.status !== 204 &&
    head.status !== 304 &&
    head.status >= 200 &&
    !hasHeader(head.headers, 'content-length')
  );
}

function toHeaderList(raw: readonly string[]): HeaderList {
  return raw.map((text, index) => (index % 2 === 0 ? lowerCaseName(text) : text));
}

function toPairs(list: HeaderList): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < list.length; i += 2) {
    pairs.push([list[i] as string, list[i + 1] as string]);
  }
  return pairs;
}
