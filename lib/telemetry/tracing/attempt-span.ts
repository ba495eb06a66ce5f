import type { Span } from '@opentelemetry/api';
import type { RequestHead } from '../../http/message.js';
import type { AttemptTrace } from '../../http/request-trace.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { statusAttributes } from './span-attributes.js';

/** The span of one attempt: `start_child_span` of the router. */
export class AttemptSpan implements AttemptTrace {
  readonly head: RequestHead;
  readonly #openTelemetry: OpenTelemetry;
  readonly #span: Span;
  #status = 0;
  #isEnded = false;

  /** `head` has the context of the span in its headers. */
  constructor(openTelemetry: OpenTelemetry, span: Span, head: RequestHead) {
    this.head = head;
    this.#openTelemetry = openTelemetry;
    this.#span = span;
  }

  onResponse(status: number): void {
    this.#status = status;
  }

  end(failure?: string): void {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.#openTelemetry.guard.run(() => this.#end(failure));
    }
  }

  #end(failure: string | undefined): void {
    const span = this.#span;
    const status = this.#status;
    const attributes = statusAttributes(status, failure ?? (status === 0 ? 'aborted' : undefined));
    span.setAttributes(attributes);
    if (attributes['error'] === true) {
      span.setStatus({ code: this.#openTelemetry.api.SpanStatusCode.ERROR });
    }
    span.end();
  }
}
