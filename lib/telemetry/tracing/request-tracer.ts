import type { Attributes, Context, SpanKind } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import type { ConnectionManagerTracingConfig } from '../../config/connection-manager-config.js';
import type { RequestHead } from '../../http/message.js';
import type { RequestInfo } from '../../http/request-info.js';
import { headerGetter } from './header-carrier.js';
import { injectContext } from './inject-context.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { RequestSpan } from './request-span.js';
import { clientAttributes, requestTags, serverAttributes } from './span-attributes.js';

/** Begins the spans of the requests of one connection manager. */
export class RequestTracer {
  readonly #openTelemetry: OpenTelemetry;
  readonly #isEgress: boolean;
  readonly #isOutbound: boolean;
  /** What every span is tagged with. */
  readonly #tags: Attributes;

  /** `isOutbound`: the requests are the application's own, and come from no connection. */
  constructor(
    openTelemetry: OpenTelemetry,
    { operationName }: ConnectionManagerTracingConfig,
    isOutbound: boolean,
    tags: Attributes,
  ) {
    this.#openTelemetry = openTelemetry;
    this.#isEgress = operationName === 'egress';
    this.#isOutbound = isOutbound;
    this.#tags = tags;
  }

  /**
   * Begins the span of a request whose headers have been brought into order, and writes its context
   * into them. `operation`, a byte string, is what the span is called in the place of its default.
   * Returns `undefined` if there is no tracer, or it fails.
   */
  start(
    head: RequestHead,
    protocol: RequestInfo['protocol'],
    operation: string | undefined,
  ): RequestSpan | undefined {
    return this.#openTelemetry.guard.run(() => {
      const { api, tracer } = this.#openTelemetry;
      if (tracer === undefined) {
        return undefined;
      }
      const parent = this.#parentOf(head);
      const attributes = this.#isEgress
        ? clientAttributes(head, protocol)
        : serverAttributes(head, protocol);
      const name = operation ?? (this.#isEgress ? `egress ${head.authority}` : 'ingress');
      const span = tracer.startSpan(fromByteString(name), { kind: this.#kind, attributes }, parent);
      if (span.isRecording()) {
        span.setAttributes(this.#tags);
        span.setAttributes(requestTags(head, protocol));
      }
      const context = api.trace.setSpan(parent, span);
      injectContext(api, context, head.headers);
      return new RequestSpan(this.#openTelemetry, span, context);
    });
  }

  get #kind(): SpanKind {
    const { SpanKind } = this.#openTelemetry.api;
    return this.#isEgress ? SpanKind.CLIENT : SpanKind.SERVER;
  }

  /**
   * The context that the headers carry. Without one, a call of the application belongs to what the
   * application is doing, and a request from a connection to nothing: what is active there is what
   * was active when its listener was opened.
   */
  #parentOf({ headers }: RequestHead): Context {
    const { context, propagation, ROOT_CONTEXT } = this.#openTelemetry.api;
    const base = this.#isOutbound ? context.active() : ROOT_CONTEXT;
    return (
      this.#openTelemetry.guard.run(() => propagation.extract(base, headers, headerGetter)) ?? base
    );
  }
}
