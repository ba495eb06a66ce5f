import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import { getHeader, type HeaderList, removeHeader, setHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { FilterContext } from './filter-context.js';
import { Base64Decoder } from './grpc/base64-decoder.js';
import { countedCall, type GrpcCall, grpcContentType } from './grpc/grpc-call.js';
import { createWebResponseEncoder, type WebResponseEncoder } from './grpc/web-response-encoder.js';

/** The two forms in which gRPC-Web has bodies: as they are, and in base64. */
const binaryTypes: ReadonlySet<string> = new Set([
  'application/grpc-web',
  'application/grpc-web+proto',
]);
const textTypes: ReadonlySet<string> = new Set([
  'application/grpc-web-text',
  'application/grpc-web-text+proto',
]);

const badBase64 = 'Bad gRPC-web request, invalid base64 data.';
const noBytes = Buffer.alloc(0);

/** Makes the filters of one entry `grpc_web` of a chain: reference 6.1.9. */
export function createGrpcWebFilterFactory(context: FilterContext): FilterFactory {
  return (callbacks) => new GrpcWebFilter(context, callbacks);
}

/** Turns a call of gRPC-Web, as browsers make it, into one of gRPC, and its response back. */
class GrpcWebFilter implements HttpFilter {
  readonly readsBody: boolean;
  readonly #context: FilterContext;
  readonly #callbacks: FilterCallbacks;
  #call: GrpcCall | undefined = undefined;
  #isWeb = false;
  /** Set if the request is in base64. */
  #decoder: Base64Decoder | undefined = undefined;
  #wantsText = false;
  /** Set if there is a response, and it is one of gRPC. */
  #encoder: WebResponseEncoder | undefined = undefined;
  #hasResponse = false;

  constructor(context: FilterContext, callbacks: FilterCallbacks) {
    this.#context = context;
    this.#callbacks = callbacks;
    // Everything else keeps its way around the filters.
    this.readsBody = webTypeOf(callbacks.requestHead) !== undefined;
  }

  decodeHead(head: RequestHead, endStream: boolean): FilterStatus {
    const webType = webTypeOf(head);
    if (webType === undefined) {
      return 'continue';
    }
    this.#isWeb = true;
    this.#call = countedCall(head, 'grpc-web', this.#callbacks, this.#context);
    const { headers } = head;
    if (textTypes.has(webType) && !endStream) {
      this.#decoder = new Base64Decoder();
      // The bytes are fewer than their base64.
      removeHeader(headers, 'content-length');
    }
    this.#wantsText = textTypes.has(getHeader(headers, 'accept') ?? '');
    setHeader(headers, 'content-type', grpcContentType);
    // gRPC cannot do without the first. Of the second, hosts want to know.
    setHeader(headers, 'te', 'trailers');
    setHeader(headers, 'grpc-accept-encoding', 'identity,deflate,gzip');
    return 'continue';
  }

  decodeData(chunk: Buffer, endStream: boolean): Buffer | undefined {
    const decoder = this.#decoder;
    if (decoder === undefined) {
      return undefined;
    }
    const bytes = decoder.decode(chunk);
    if (bytes === undefined || (endStream && !decoder.isAtBoundary)) {
      this.#refuse();
      return noBytes;
    }
    return bytes;
  }

  decodeEnd(): undefined {
    if (this.#decoder?.isAtBoundary === false) {
      this.#refuse();
    }
  }

  encodeHead(head: ResponseHead, endStream: boolean): undefined {
    this.#hasResponse = true;
    if (this.#isWeb) {
      this.#call?.charge(head.headers);
      this.#encoder = createWebResponseEncoder(head, endStream, this.#wantsText);
    }
  }

  encodeData(chunk: Buffer, endStream: boolean): Buffer | undefined {
    return this.#encoder?.encode(chunk, endStream);
  }

  encodeEnd(trailers: HeaderList | undefined): Buffer | undefined {
    const encoder = this.#encoder;
    if (encoder === undefined || trailers === undefined) {
      return encoder?.end();
    }
    this.#call?.charge(trailers);
    if (!encoder.isAtBoundary) {
      // Clients would take the trailers for what is missing of the message.
      this.#callbacks.resetStream();
      return undefined;
    }
    return encoder.endWith(trailers);
  }

  #refuse(): void {
    if (this.#hasResponse) {
      this.#callbacks.resetStream();
    } else {
      this.#callbacks.sendLocalReply(400, badBase64);
    }
  }
}

function webTypeOf({ headers }: RequestHead): string | undefined {
  const type = getHeader(headers, 'content-type') ?? '';
  return binaryTypes.has(type) || textTypes.has(type) ? type : undefined;
}
