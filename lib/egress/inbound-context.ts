import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { bindEvents } from '../base/bound-events.js';
import type { Clock } from '../base/clock.js';
import { describeValue } from '../config/describe-value.js';
import { type ContextPolicy, isContextWanted } from '../http/context-policy.js';
import type { HeaderList } from '../http/headers.js';
import {
  currentContext,
  expectedTimeoutName,
  isInheritedHeader,
  RequestContext,
  readExpectedMs,
  runInContext,
} from '../http/request-context.js';
import { DurationDeadline, MessageDeadline } from './inbound-deadline.js';
import { invalid } from './request-options.js';

/**
 * Headers of a request that came in by other ways than a mounted application: those of `node:http`
 * (`request.headers`), a `Headers` of the standard, pairs, or any object of texts.
 */
export type InboundHeaders =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, unknown>>;

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
      throw invalid(`what is to run in a context is ${describeValue(run)}, expected a function`);
    }
    if (headers === null) {
      return runInContext(undefined, run);
    }
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

/** Returns those that matter, names in lower case. */
function readInboundHeaders(input: InboundHeaders): HeaderList {
  if (typeof input !== 'object' || input === null) {
    throw invalid('the headers of a context are neither an object nor pairs; null is for none');
  }
  const list: HeaderList = [];
  const entries = Symbol.iterator in input ? input : Object.entries(input);
  // Whoever calls this may have the headers from anywhere: what is no header is left out.
  for (const entry of entries as Iterable<unknown>) {
    if (Array.isArray(entry) && typeof entry[0] === 'string') {
      addInboundHeader(list, entry[0].toLowerCase(), entry[1]);
    }
  }
  return list;
}

function addInboundHeader(list: HeaderList, name: string, value: unknown): void {
  if (name !== expectedTimeoutName && !isInheritedHeader(name)) {
    return;
  }
  for (const text of Array.isArray(value) ? value : [value]) {
    if (typeof text === 'string' && isSendable(text)) {
      list.push(name, text);
    }
  }
}

/** Visible ASCII, and blanks: nothing else has ever been in one of these headers. */
function isSendable(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value);
}
