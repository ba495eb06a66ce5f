import type { Context, Span } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';
import type { AttemptTarget, AttemptTrace, RequestTrace } from '../../http/request-trace.js';
import { AttemptSpan } from './attempt-span.js';
import { keepFromCalls } from './calling-span.js';
import { finalTags } from './envoy-tags.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { runInContext } from './run-in-context.js';
import { ServedRoute } from './served-route.js';
import {
  attemptAttributes,
  hostAttributes,
  statusAttributes,
  targetAttributes,
} from './span-attributes.js';

/** What the span of a request is. */
export interface RequestSpanKind {
  /** Whether the request goes out: a span of kind client. */
  readonly isClient: boolean;
  /** Whether somebody else has begun the span, and ends it. */
  readonly isForeign: boolean;
}

/** The span of one request, from its head to the end of its response. */
export class RequestSpan implements RequestTrace {
  readonly #openTelemetry: OpenTelemetry;
  readonly #span: Span;
  readonly #kind: RequestSpanKind;
  /** The one of the span: the parent of the spans of attempts. */
  #context: Context;
  /** Set once an application has been called that may know the route of the request. */
  #servedRoute: ServedRoute | undefined = undefined;
  #attemptCount = 0;

  constructor(openTelemetry: OpenTelemetry, span: Span, context: Context, kind: RequestSpanKind) {
    this.#openTelemetry = openTelemetry;
    this.#span = span;
    this.#context = context;
    this.#kind = kind;
  }

  /** Names the operation as another proxy calls it. `operation` is a byte string. */
  rename(operation: string): void {
    this.#openTelemetry.guard.run(() => this.#span.updateName(fromByteString(operation)));
  }

  run<T>(fn: () => T): T {
    this.#openTelemetry.guard.run(() => this.#addServedRoute());
    return runInContext(this.#openTelemetry, this.#context, fn);
  }

  startAttempt(head: RequestHead, target: AttemptTarget): AttemptTrace | undefined {
    return this.#openTelemetry.guard.run(() => {
      const { api, contexts, propagation, tracer } = this.#openTelemetry;
      if (tracer === undefined) {
        return undefined;
      }
      this.#addServedRoute();
      const attributes = attemptAttributes(head, target.isTls, this.#attemptCount);
      this.#attemptCount++;
      const span = tracer.startSpan(
        `router ${fromByteString(target.cluster)} egress`,
        { kind: api.SpanKind.CLIENT, attributes },
        this.#context,
      );
      if (span.isRecording()) {
        span.setAttributes(targetAttributes(target));
        keepFromCalls(span);
      }
      // Attempts may race, each with its own context.
      const ownHead = { ...head, headers: [...head.headers] };
      const context = contexts.create(this.#context, span);
      propagation.inject(context, ownHead.headers);
      return new AttemptSpan(this.#openTelemetry, span, context, ownHead);
    });
  }

  /**
   * The request is over, however it ended. Called once. `headersForTags`: names in lower case.
   */
  end(info: RequestInfo, headersForTags: readonly string[]): void {
    this.#openTelemetry.guard.run(() => {
      const span = this.#span;
      if (span.isRecording()) {
        this.#describeEnd(info, headersForTags);
      }
      if (!this.#kind.isForeign) {
        span.end();
      }
    });
  }

  #describeEnd(info: RequestInfo, headersForTags: readonly string[]): void {
    const span = this.#span;
    const { responseCode } = info;
    const { isClient } = this.#kind;
    const failure = responseCode === 0 ? 'no_response' : undefined;
    const attributes = statusAttributes(responseCode, failure, isClient);
    if (isClient) {
      Object.assign(attributes, hostAttributes(info.upstreamHost));
    }
    const route = this.#servedRoute?.route;
    if (route !== undefined) {
      attributes['http.route'] = route;
    }
    span.setAttributes(Object.assign(attributes, finalTags(info, headersForTags)));
    if ('error.type' in attributes) {
      span.setStatus({ code: this.#openTelemetry.api.SpanStatusCode.ERROR });
    }
  }

  /** Instrumentation of web frameworks tells the route that a request has taken to its span. */
  #addServedRoute(): void {
    if (this.#servedRoute === undefined && !this.#kind.isClient) {
      this.#servedRoute = new ServedRoute(this.#span);
      this.#context = this.#servedRoute.addTo(this.#context, this.#openTelemetry.api);
    }
  }
}
