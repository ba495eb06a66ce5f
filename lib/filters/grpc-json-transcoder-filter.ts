import type { TranscoderFilterConfig } from '../config/http-filter-config.js';
import type {
  FilterCallbacks,
  FilterFactory,
  FilterStatus,
  HttpFilter,
  ResponseFilterStatus,
} from '../http/filter.js';
import { getHeader, type HeaderList, removeHeader, setHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { FilterContext } from './filter-context.js';
import { grpcContentType, isGrpcContentType } from './grpc/grpc-call.js';
import { httpStatusOf } from './grpc/grpc-status.js';
import { createJsonRequest, type JsonRequest } from './transcoder/json-request.js';
import { decodeSingle, JsonListResponse } from './transcoder/json-response.js';
import type { TranscodedCall, Transcoder } from './transcoder/transcoder.js';
import { attempt, TranscodingError } from './transcoder/transcoding-error.js';

const noBytes = Buffer.alloc(0);

/** Makes the filters of one entry `grpc_json_transcoder` of a chain: reference 6.1.9. */
export function createGrpcJsonTranscoderFilterFactory(
  config: TranscoderFilterConfig,
  { transcoders }: FilterContext,
): FilterFactory {
  const transcoder = transcoders.get(config);
  if (transcoder === undefined) {
    // All of them are loaded before any filter is made.
    throw new Error(`there is no transcoder of ${config.path}`);
  }
  return (callbacks) => new GrpcJsonTranscoderFilter(transcoder, callbacks);
}

/** Turns a request in JSON into a call of gRPC, by the rules of its service, and its response back. */
class GrpcJsonTranscoderFilter implements HttpFilter {
  readonly readsBody: boolean;
  readonly #transcoder: Transcoder;
  readonly #callbacks: FilterCallbacks;
  /** Set while there is something to translate: of the request, and of the response. */
  #request: JsonRequest | undefined = undefined;
  #call: TranscodedCall | undefined = undefined;
  #hasResponse = false;
  /** Set for a response of several messages. */
  #list: JsonListResponse | undefined = undefined;
  /** Of a response of one message, which is held until its trailers are here. */
  #head: ResponseHead | undefined = undefined;
  readonly #pieces: Buffer[] = [];

  constructor(transcoder: Transcoder, callbacks: FilterCallbacks) {
    this.#transcoder = transcoder;
    this.#callbacks = callbacks;
    // Everything else keeps its way around the filters.
    this.readsBody = this.#find(callbacks.requestHead) !== undefined;
  }

  decodeHead(head: RequestHead, endStream: boolean): FilterStatus {
    const call = this.#find(head);
    if (call === undefined) {
      return 'continue';
    }
    this.#call = call;
    this.#request = createJsonRequest(call, this.#callbacks.requestBufferLimit);
    rewriteHead(head, call);
    this.#callbacks.refreshRoute();
    if (endStream) {
      this.#sendWithoutBody();
      return 'stop';
    }
    return call.method.isClientStreaming ? 'continue' : 'buffer';
  }

  decodeData(chunk: Buffer, endStream: boolean): Buffer | undefined {
    const request = this.#request;
    if (request === undefined) {
      return undefined;
    }
    const bytes = this.#tryRequest(() => request.push(chunk));
    if (!endStream || bytes === undefined) {
      return bytes ?? noBytes;
    }
    const rest = this.#endRequest();
    return rest === undefined || rest.length === 0 ? bytes : Buffer.concat([bytes, rest]);
  }

  decodeEnd(): Buffer | undefined {
    return this.#request && this.#endRequest();
  }

  encodeHead(head: ResponseHead, endStream: boolean): ResponseFilterStatus {
    this.#hasResponse = true;
    const call = this.#call;
    const { headers } = head;
    const isGrpc = endStream
      ? getHeader(headers, 'grpc-status') !== undefined
      : head.status === 200 && isGrpcContentType(getHeader(headers, 'content-type'));
    if (call === undefined || !isGrpc) {
      return 'continue';
    }
    setHeader(headers, 'content-type', 'application/json');
    if (endStream) {
      return this.#encodeOnlyHead(head, call);
    }
    removeHeader(headers, 'content-length');
    if (call.method.isServerStreaming) {
      this.#list = new JsonListResponse(call, this.#callbacks.responseBufferLimit);
      return 'continue';
    }
    this.#head = head;
    return 'buffer';
  }

  encodeData(chunk: Buffer, endStream: boolean): Buffer | undefined {
    const list = this.#list;
    if (list !== undefined) {
      return this.#tryList(() =>
        endStream ? Buffer.concat([list.push(chunk), list.end()]) : list.push(chunk),
      );
    }
    if (this.#head !== undefined) {
      this.#pieces.push(chunk);
      if (endStream) {
        this.#release(this.#head, undefined);
      }
    }
    return undefined;
  }

  encodeEnd(trailers: HeaderList | undefined): Buffer | undefined {
    const list = this.#list;
    if (list !== undefined) {
      return this.#tryList(() => list.end());
    }
    if (this.#head !== undefined) {
      this.#release(this.#head, trailers);
    }
    return undefined;
  }

  #find(head: RequestHead): TranscodedCall | undefined {
    return isGrpcContentType(getHeader(head.headers, 'content-type'))
      ? undefined
      : this.#transcoder.match(head);
  }

  /** A message can be made of nothing but the path and the query. */
  #sendWithoutBody(): void {
    const request = this.#request;
    const frame = request && this.#tryRequest(() => request.end());
    this.#request = undefined;
    if (frame !== undefined) {
      // The chain takes a body from a filter that has stopped, which this one has not yet.
      queueMicrotask(() => this.#callbacks.continueDecoding(frame));
    }
  }

  /** Returns what is still to be sent of a stream; a single message goes on from here. */
  #endRequest(): Buffer | undefined {
    const request = this.#request;
    const rest = request && this.#tryRequest(() => request.end());
    this.#request = undefined;
    if (rest !== undefined && this.#call?.method.isClientStreaming === false) {
      this.#callbacks.continueDecoding(rest);
      return undefined;
    }
    return rest;
  }

  /** Answers a request that is not as it should be, and returns `undefined`. */
  #tryRequest(translate: () => Buffer): Buffer | undefined {
    const bytes = attempt(translate);
    if (!(bytes instanceof TranscodingError)) {
      return bytes;
    }
    this.#request = undefined;
    if (this.#hasResponse) {
      this.#callbacks.resetStream();
    } else {
      this.#callbacks.sendLocalReply(400, bytes.message);
    }
    return undefined;
  }

  /** Breaks a list off that cannot go on: its head has been sent. */
  #tryList(translate: () => Buffer): Buffer {
    const bytes = attempt(translate);
    if (!(bytes instanceof TranscodingError)) {
      return bytes;
    }
    this.#callbacks.resetStream();
    return noBytes;
  }

  /** The result is in a head that is all there is. */
  #encodeOnlyHead(head: ResponseHead, call: TranscodedCall): ResponseFilterStatus {
    if (applyResult(head.headers, head) !== 200) {
      setHeader(head.headers, 'content-length', '0');
      return 'continue';
    }
    if (call.method.isServerStreaming) {
      const list = new JsonListResponse(call, 0).end();
      queueMicrotask(() => this.#callbacks.continueEncoding(list));
    } else {
      this.#callbacks.sendLocalReply(502, '');
    }
    return 'stop';
  }

  /** Sends the response that is held, now that its result is known. */
  #release(head: ResponseHead, trailers: HeaderList | undefined): void {
    const call = this.#call;
    this.#head = undefined;
    const hasTrailers = trailers !== undefined && getHeader(trailers, 'grpc-status') !== undefined;
    const status = applyResult(hasTrailers ? trailers : head.headers, head);
    const isSuccess = status === 200 && call !== undefined;
    const body = isSuccess
      ? attempt(() => decodeSingle(call, Buffer.concat(this.#pieces)))
      : noBytes;
    if (body instanceof TranscodingError) {
      this.#callbacks.sendLocalReply(502, '');
      return;
    }
    removeHeader(head.headers, 'trailer');
    if (trailers !== undefined) {
      // What they have to say is in the head.
      trailers.length = 0;
    }
    this.#callbacks.continueEncoding(body);
  }
}

function rewriteHead(head: RequestHead, call: TranscodedCall): void {
  const { headers } = head;
  setHeader(headers, 'x-envoy-original-path', head.path);
  head.path = call.method.path;
  head.method = 'POST';
  removeHeader(headers, 'content-length');
  // Nothing is compressed on the way back: it has to be read here.
  removeHeader(headers, 'grpc-accept-encoding');
  removeHeader(headers, 'grpc-encoding');
  setHeader(headers, 'content-type', grpcContentType);
  setHeader(headers, 'te', 'trailers');
}

/** Gives a head the status that the result of a call stands for, and returns that. */
function applyResult(result: HeaderList, head: ResponseHead): number {
  const grpcStatus = getHeader(result, 'grpc-status');
  const status = httpStatusOf(grpcStatus);
  head.status = status ?? 503;
  if (status !== undefined && grpcStatus !== undefined) {
    setHeader(head.headers, 'grpc-status', String(Number(grpcStatus)));
  }
  const grpcMessage = getHeader(result, 'grpc-message');
  if (grpcMessage !== undefined) {
    setHeader(head.headers, 'grpc-message', grpcMessage);
  }
  return head.status;
}
