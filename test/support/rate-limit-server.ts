import { join } from 'node:path';
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { projectRoot } from './project-root.js';

/** A `RateLimitRequest` as protobufjs reads it. */
export interface RateLimitRequest {
  readonly domain?: string;
  readonly descriptors: readonly {
    readonly entries: readonly { readonly key?: string; readonly value?: string }[];
  }[];
  readonly hits_addend?: number;
}

/** A `RateLimitResponse` as protobufjs writes it. */
export interface RateLimitResponse {
  readonly overall_code: number;
  readonly statuses?: readonly object[];
}

/** What the server makes of a request: a response, bytes in its place, a failure, or nothing. */
export type RateLimitAnswer = RateLimitResponse | Buffer | 'failure' | 'silence';

/** A request as the server has received it. */
export interface ReceivedQuestion {
  /** Each descriptor as `key=value` of its entries. */
  readonly descriptors: readonly string[];
  readonly request: RateLimitRequest;
  readonly bytes: Buffer;
  readonly authority: string;
}

/** The method of test/support/rate-limit.proto, with the codec of protobufjs. */
export const shouldRateLimitMethod: MethodDefinition<RateLimitRequest, RateLimitResponse> =
  loadMethod();

export const ok: RateLimitResponse = { overall_code: 1 };
export const overLimit: RateLimitResponse = { overall_code: 2 };

/** A rate limit service on loopback, made of `@grpc/grpc-js` and the public interface. */
export class RateLimitServer {
  readonly questions: ReceivedQuestion[] = [];
  /** How many of those that got no answer were given up. */
  cancelled = 0;
  /** What the next request gets. */
  answer: RateLimitAnswer = ok;
  readonly #server = new Server();
  #port = 0;

  static async start(port = 0): Promise<RateLimitServer> {
    const service = new RateLimitServer();
    service.#addMethod();
    service.#port = await new Promise<number>((resolve, reject) => {
      service.#server.bindAsync(
        `127.0.0.1:${port}`,
        ServerCredentials.createInsecure(),
        (error, bound) => (error === null ? resolve(bound) : reject(error)),
      );
    });
    return service;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  /** The descriptors of all requests so far. */
  get descriptors(): readonly (readonly string[])[] {
    return this.questions.map((question) => question.descriptors);
  }

  /** Ends all connections. */
  close(): void {
    this.#server.forceShutdown();
  }

  #addMethod(): void {
    const { requestDeserialize, responseSerialize } = shouldRateLimitMethod;
    const method: MethodDefinition<Buffer, RateLimitAnswer> = {
      ...shouldRateLimitMethod,
      requestSerialize: (bytes) => bytes,
      requestDeserialize: (bytes) => bytes,
      responseSerialize: (answer) =>
        typeof answer === 'object' && 'overall_code' in answer
          ? responseSerialize(answer)
          : Buffer.from(answer),
      responseDeserialize: (bytes) => bytes,
    };
    this.#server.addService(
      { shouldRateLimit: method },
      {
        shouldRateLimit: (
          call: ServerUnaryCall<Buffer, RateLimitAnswer>,
          reply: sendUnaryData<RateLimitAnswer>,
        ) => {
          const request = requestDeserialize(call.request);
          this.questions.push({
            descriptors: request.descriptors.map(({ entries }) =>
              entries.map(({ key, value }) => `${key}=${value}`).join(' '),
            ),
            request,
            bytes: call.request,
            authority: call.getHost(),
          });
          this.#answer(call, reply);
        },
      },
    );
  }

  #answer(
    call: ServerUnaryCall<Buffer, RateLimitAnswer>,
    reply: sendUnaryData<RateLimitAnswer>,
  ): void {
    if (this.answer === 'failure') {
      reply({ code: status.INTERNAL, details: 'out of order' });
    } else if (this.answer === 'silence') {
      call.on('cancelled', () => {
        this.cancelled++;
      });
    } else {
      reply(null, this.answer);
    }
  }
}

function loadMethod(): MethodDefinition<RateLimitRequest, RateLimitResponse> {
  const file = join(projectRoot, 'test', 'support', 'rate-limit.proto');
  const definition = loadSync(file, { keepCase: true, defaults: true });
  // The file has this service with this method.
  const service = definition['pb.lyft.ratelimit.RateLimitService'] as unknown as {
    readonly ShouldRateLimit: MethodDefinition<RateLimitRequest, RateLimitResponse>;
  };
  return service.ShouldRateLimit;
}
