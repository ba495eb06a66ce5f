import type { Context, Span } from '@opentelemetry/api';
import type { RequestHead } from '../../http/message.js';
import type { AttemptTrace } from '../../http/request-trace.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { runInContext } from './run-in-context.js';
import { statusAttributes } from './span-attributes.js';

/** The span of one attempt: `start_child_span` of the router. */
export class AttemptSpan implements AttemptTrace {
  readonly head: RequestHead;
  readonly #openTelemetry: OpenTelemetry;
  readonly #span: Span;
  readonly #context: Context;
  #status = 0;
  #isEnded = false;

  /** `context` is that of the span, and stands in the headers of `head`. */
  constructor(openTelemetry: OpenTelemetry, span: Span, context: Context, head: RequestHead) {
    this.head = head;
    this.#openTelemetry = openTelemetry;
    this.#span = span;
    this.#context = context;
  }

  run<T>(fn: () => T): T {
    return runInContext(this.#openTelemetry, this.#context, fn);
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
    if (span.isRecording()) {
      const status = this.#status;
      const cause = failure ?? (status === 0 ? 'aborted' : undefined);
      const attributes = statusAttributes(status, cause, true);
      span.setAttributes(attributes);
      if ('error.type' in attributes) {
        span.setStatus({ code: this.#openTelemetry.api.SpanStatusCode.ERROR });
      }
    }
    span.end();
  }
}
