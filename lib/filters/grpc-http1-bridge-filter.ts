import type {
  FilterCallbacks,
  FilterFactory,
  FilterStatus,
  HttpFilter,
  ResponseFilterStatus,
} from '../http/filter.js';
import { getHeader, type HeaderList, setHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { FilterContext } from './filter-context.js';
import { countedCall, type GrpcCall, isGrpcContentType, isGrpcSuccess } from './grpc/grpc-call.js';

/** Makes the filters of one entry `grpc_http1_bridge` of a chain: reference 6.1.9. */
export function createGrpcHttp1BridgeFilterFactory(context: FilterContext): FilterFactory {
  return (callbacks) => new GrpcHttp1BridgeFilter(context, callbacks);
}

/**
 * Lets a client that cannot read trailers make a call: the response is held until its trailers are
 * here, and says in its head what they say. Counts all gRPC calls, those of other clients too.
 */
class GrpcHttp1BridgeFilter implements HttpFilter {
  readonly readsBody: boolean;
  readonly #context: FilterContext;
  readonly #callbacks: FilterCallbacks;
  #call: GrpcCall | undefined = undefined;
  #isBridging = false;
  /** Of the response that is held. */
  #head: ResponseHead | undefined = undefined;
  #bytes = 0;

  constructor(context: FilterContext, callbacks: FilterCallbacks) {
    this.#context = context;
    this.#callbacks = callbacks;
    // Everything else keeps its way around the filters.
    this.readsBody = isGrpc(callbacks.requestHead);
  }

  decodeHead(head: RequestHead): FilterStatus {
    if (isGrpc(head)) {
      this.#call = countedCall(head, 'grpc', this.#callbacks, this.#context);
      this.#isBridging = this.#callbacks.protocol !== 'HTTP/2';
    }
    return 'continue';
  }

  encodeHead(head: ResponseHead, endStream: boolean): ResponseFilterStatus {
    this.#call?.charge(head.headers);
    if (!this.#isBridging || endStream) {
      // A head that is all there is says what there is to say. Its status stays, as in Envoy.
      return 'continue';
    }
    this.#head = head;
    return 'buffer';
  }

  encodeData(chunk: Buffer, endStream: boolean): undefined {
    if (this.#head !== undefined) {
      this.#bytes += chunk.length;
      if (endStream) {
        this.#release(undefined);
      }
    }
  }

  encodeEnd(trailers: HeaderList | undefined): undefined {
    if (trailers !== undefined) {
      this.#call?.charge(trailers);
    }
    this.#release(trailers);
  }

  #release(trailers: HeaderList | undefined): void {
    const head = this.#head;
    if (head === undefined) {
      return;
    }
    this.#head = undefined;
    if (trailers !== undefined) {
      copyResult(trailers, head);
      setHeader(head.headers, 'content-length', String(this.#bytes));
    }
    this.#callbacks.continueEncoding();
  }
}

function isGrpc({ headers }: RequestHead): boolean {
  return isGrpcContentType(getHeader(headers, 'content-type'));
}

function copyResult(trailers: HeaderList, head: ResponseHead): void {
  const grpcStatus = getHeader(trailers, 'grpc-status');
  if (grpcStatus !== undefined) {
    if (!isGrpcSuccess(grpcStatus)) {
      head.status = 503;
    }
    setHeader(head.headers, 'grpc-status', grpcStatus);
  }
  const grpcMessage = getHeader(trailers, 'grpc-message');
  if (grpcMessage !== undefined) {
    setHeader(head.headers, 'grpc-message', grpcMessage);
  }
}
