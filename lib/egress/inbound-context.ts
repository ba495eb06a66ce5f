import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { bindEvents } from '../base/bound-events.js';
import type { Clock } from '../base/clock.js';
import { describeValue } from '../config/describe-value.js';
import { type ContextPolicy, isContextWanted } from '../http/context-policy.js';
import {
  currentContext,
  RequestContext,
  readExpectedMs,
  runInContext,
} from '../http/request-context.js';
import { DurationDeadline, MessageDeadline } from './inbound-deadline.js';
import { checkInboundHeaders, type InboundHeaders, readInboundHeaders } from './inbound-headers.js';
import { invalid } from './request-options.js';

/** Runs the rest of an application's own chain in the context of the request that it serves. */
export type ContextMiddleware = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  next: () => void,
) => void;

/** Lets code run on behalf of requests that the sidecar has not brought. */
export class InboundContext {
  readonly #policy: ContextPolicy;
  readonly #clock: Clock;
  /** Always the same, so that it can be compared and removed. */
  readonly middleware: ContextMiddleware = (request, response, next) => {
    if (typeof next !== 'function') {
      throw invalid(
        'the middleware is called without next; it is one of (request, response, next), and for all others, as of Koa and Hono, there is runInContext()',
      );
    }
    if (!isObject(request?.headers) || !isObject(response)) {
      throw invalid(
        'the middleware is called with something else than a request and a response of node:http or node:http2; for all others there is runInContext()',
      );
    }
    const current = currentContext();
    if (!isContextWanted(this.#policy) || current?.request === request) {
      // What has been mounted runs in its context already, which knows more of the request.
      next();
      return;
    }
    runInContext(this.#ofMessage(request, response), () => {
      bindEvents(request);
      next();
    });
  };

  constructor(policy: ContextPolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
  }

  /** See `Sidecar.runInContext`. */
  run<T>(headers: InboundHeaders | null, run: () => T): T {
    if (typeof run !== 'function') {
      const hint = isPromise(run) ? '; write () => in front of the call' : '';
      throw invalid(
        `what is to run in a context is ${describeValue(run)}, expected a function${hint}`,
      );
    }
    if (headers === null) {
      return runInContext(undefined, run);
    }
    checkInboundHeaders(headers);
    const list = readInboundHeaders(headers);
    if (!isContextWanted(this.#policy)) {
      return run();
    }
    const expectedMs = readExpectedMs(list);
    const deadline = expectedMs > 0 ? new DurationDeadline(expectedMs, this.#clock) : undefined;
    return runInContext(new RequestContext(list, deadline), run);
  }

  #ofMessage(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): RequestContext {
    const list = readInboundHeaders(request.headers);
    const expectedMs = readExpectedMs(list);
    const deadline =
      expectedMs > 0 ? new MessageDeadline(request, response, expectedMs, this.#clock) : undefined;
    return new RequestContext(list, deadline, request);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isPromise(value: unknown): boolean {
  return value instanceof Promise;
}
