import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HeaderList, hasHeader } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';
import type { NativeExchange, NativeObserver } from '../../http/native-exchange.js';
import type { ResponseEncoder } from '../../http/stream.js';
import type { ActiveStream } from '../active-stream.js';
import type { ConnectionManager } from '../connection-manager.js';
import { maxHeaders } from '../request-checks.js';
import type { StreamProtocol } from '../stream-record.js';
import {
  type BodyLength,
  chunked,
  fitResponseHeaders,
  hasBody,
  readRequestHeaders,
  readTrailers,
  unknownCoding,
} from './http1-framing.js';
import { replaceHeaders } from './incoming-headers.js';
import type { ConnectionStream, NodeHttp1Connection } from './node-http1-connection.js';
import type {
  DownstreamRequest,
  DownstreamResponse,
  MessageObserver,
} from './node-http1-messages.js';
import type { UpgradedConnection } from './node-http1-upgrade.js';

/**
 * Begins a request that the parser has read the head of, unless its body cannot be handed on; then
 * its connection answers it and ends.
 */
export function startStream(
  manager: ConnectionManager,
  connection: NodeHttp1Connection,
  request: DownstreamRequest,
  response: DownstreamResponse,
  upgraded?: UpgradedConnection,
): void {
  const head: RequestHead = {
    method: request.method ?? '',
    path: request.url ?? '',
    authority: '',
    headers: [],
  };
  const bodyLength = readRequestHeaders(request.rawHeaders, head);
  if (bodyLength === unknownCoding) {
    connection.refuse();
    return;
  }
  if (hasHeader(head.headers, 'upgrade')) {
    // `node:http` drops what it has read behind such a request, in the middle of the next one if it
    // comes to that; what follows could then be read as something that the client never sent.
    response.shouldKeepAlive = false;
    connection.closeAfterResponse();
  }
  const stream = new NodeHttp1Stream(manager, connection, request, response, bodyLength, upgraded);
  connection.current = stream;
  stream.start(head);
}

/** One request and its response on a downstream connection of the `node:http` codec. */
export class NodeHttp1Stream
  implements ResponseEncoder, NativeExchange, MessageObserver, ConnectionStream
{
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Set if the request is a WebSocket handshake that the parser has let go of. */
  readonly rawConnection: UpgradedConnection | undefined;
  readonly #request: DownstreamRequest;
  readonly #response: DownstreamResponse;
  readonly #connection: NodeHttp1Connection;
  readonly #stream: ActiveStream;
  #nativeObserver: NativeObserver | undefined = undefined;
  #remainingBytes: BodyLength;
  #isRequestEnded: boolean;
  #isResponseEnded = false;
  #isClosed = false;
  #isTunnel = false;
  #waitsForDrain = false;

  constructor(
    manager: ConnectionManager,
    connection: NodeHttp1Connection,
    request: DownstreamRequest,
    response: DownstreamResponse,
    bodyLength: BodyLength,
    upgraded?: UpgradedConnection,
  ) {
    this.request = request;
    this.response = response;
    this.#request = request;
    this.#response = response;
    this.#connection = connection;
    this.#remainingBytes = bodyLength;
    this.#isRequestEnded = bodyLength === 0;
    this.#stream = manager.newStream(this, connection.info, protocolOf(request));
    this.rawConnection = upgraded;
    if (upgraded !== undefined) {
      upgraded.record = this.#stream;
    }
  }

  get nativeExchange(): NativeExchange {
    return this;
  }

  get isNative(): boolean {
    return this.#nativeObserver !== undefined;
  }

  /** Whether nothing has been answered yet to a request of which there is more to come. */
  get canBeRefused(): boolean {
    return !this.#isRequestEnded && !this.#isResponseEnded && !this.#response.headersSent;
  }

  /** Hands the request on. Called once. */
  start(head: RequestHead): void {
    const request = this.#request;
    request.observer = this;
    this.#response.observer = this;
    this.#response.on('close', onResponseClose);
    if (this.#isRequestEnded) {
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
    if (head.status === 101 && this.rawConnection !== undefined) {
      // Who has borrowed the connection writes it.
      this.#isTunnel = true;
      this.#connection.onUpgraded();
      return;
    }
    const response = this.#response;
    const headers = head.headers;
    if (headers.at(-2) === 'connection') {
      // The header rules put it last: we close.
      this.#connection.closeAfterResponse();
    } else if (response.shouldKeepAlive) {
      // Nothing to say about a connection that stays.
      response.removeHeader('connection');
    } else {
      // The client has asked for it.
      headers.push('connection', 'close');
      this.#connection.closeAfterResponse();
    }
    fitResponseHeaders(head, this.#request.method, endStream);
    // Bytes beyond the length that a filter has left in the head would be read as another response.
    response.strictContentLength = !this.isNative;
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
    if (this.#isTunnel) {
      this.#isResponseEnded = true;
      return;
    }
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
    if (this.#remainingBytes === chunked) {
      // It belongs to the connection, but body parsers go by it to know that there is a body.
      headers.push('transfer-encoding', 'chunked');
    }
    replaceHeaders(request, headers);
    if (!this.#isRequestEnded) {
      request.watchBody();
    }
    this.#response.pinMethods();
  }

  onNativeWriteHead(status: number, headers: HeaderList): void {
    this.#nativeObserver?.onNativeHead({ status, headers });
  }

  onNativeRequestData(bytes: number): void {
    this.#stream.bytesReceived += bytes;
  }

  onNativeResponseData(bytes: number): void {
    if (this.isNative && hasBody(this.#response.statusCode, this.#request.method)) {
      this.#stream.addBytesSent(bytes);
    }
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
    const { rawTrailers } = this.#request;
    if (rawTrailers.length > maxHeaders * 2) {
      // The parser has dropped some of them by now, which would change the request.
      this.#connection.refuse();
    } else if (!this.#isRequestEnded) {
      this.#isRequestEnded = true;
      this.#stream.decodeEnd(readTrailers(rawTrailers));
    }
  }

  onClose(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    if (!this.#isResponseEnded) {
      this.#onUnfinishedClose();
    }
    // Last, since the next request may be waiting.
    this.#connection.onStreamEnd();
  }

  /** What has come of the request cannot be read to its end; the connection answers for us. */
  onRefused(): void {
    this.#isResponseEnded = true;
    this.#response.isAbandoned = true;
    this.#stream.onDownstreamReset();
  }

  #onUnfinishedClose(): void {
    const response = this.#response;
    if (this.#isTunnel) {
      this.rawConnection?.onClosed?.();
    } else if (this.isNative && response.writableFinished) {
      this.#isResponseEnded = true;
      if (this.#request.complete) {
        this.onRequestEnd();
      }
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
  // Everything older or stranger is answered as HTTP/1.0 is, as in Envoy.
  return request.httpVersion === '1.1' ? 'HTTP/1.1' : 'HTTP/1.0';
}

function toPairs(list: HeaderList): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < list.length; i += 2) {
    pairs.push([list[i] as string, list[i + 1] as string]);
  }
  return pairs;
}
