import type { Context, Span } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';
import type { AttemptTrace, RequestTrace } from '../../http/request-trace.js';
import { AttemptSpan } from './attempt-span.js';
import { injectContext } from './inject-context.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { attemptAttributes, finalAttributes } from './span-attributes.js';

/** The span of one request, from its head to the end of its response. */
export class RequestSpan implements RequestTrace {
  readonly #openTelemetry: OpenTelemetry;
  readonly #span: Span;
  /** The one of the span: the parent of the spans of attempts. */
  readonly #context: Context;
  #attemptCount = 0;

  constructor(openTelemetry: OpenTelemetry, span: Span, context: Context) {
    this.#openTelemetry = openTelemetry;
    this.#span = span;
    this.#context = context;
  }

  /** Names the operation as another proxy calls it. `operation` is a byte string. */
  rename(operation: string): void {
    this.#openTelemetry.guard.run(() => this.#span.updateName(fromByteString(operation)));
  }

  startAttempt(head: RequestHead, cluster: string, host: string): AttemptTrace | undefined {
    return this.#openTelemetry.guard.run(() => {
      const { api, tracer } = this.#openTelemetry;
      if (tracer === undefined) {
        return undefined;
      }
      const attributes = attemptAttributes(head, cluster, host, this.#attemptCount);
      this.#attemptCount++;
      const span = tracer.startSpan(
        `router ${fromByteString(cluster)} egress`,
        { kind: api.SpanKind.CLIENT, attributes },
        this.#context,
      );
      // Attempts may race, each with its own context.
      const ownHead = { ...head, headers: [...head.headers] };
      injectContext(api, api.trace.setSpan(this.#context, span), ownHead.headers);
      return new AttemptSpan(this.#openTelemetry, span, ownHead);
    });
  }

  /**
   * The request is over, however it ended. Called once. `headersForTags`: names in lower case.
   */
  end(info: RequestInfo, headersForTags: readonly string[]): void {
    this.#openTelemetry.guard.run(() => {
      const span = this.#span;
      if (span.isRecording()) {
        const attributes = finalAttributes(info, headersForTags);
        span.setAttributes(attributes);
        if (attributes['error'] === true) {
          span.setStatus({ code: this.#openTelemetry.api.SpanStatusCode.ERROR });
        }
      }
      span.end();
    });
  }
}
