import type { Attributes, Context, Span, SpanOptions } from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import type { ConnectionManagerTracingConfig } from '../../config/connection-manager-config.js';
import type { HeaderList } from '../../http/headers.js';
import { takeCallingSpan } from './calling-span.js';
import { requestTags } from './envoy-tags.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { RequestSpan } from './request-span.js';
import { clientAttributes, originAttributes, serverAttributes } from './span-attributes.js';
import type { TracedRequest } from './traced-request.js';
import { UntracedRequest } from './untraced-request.js';

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

  /** Whether there is anything to make spans with. */
  get isActive(): boolean {
    return this.#openTelemetry.guard.run(() => this.#openTelemetry.tracer !== undefined) ?? false;
  }

  /**
   * Begins the span of a request whose headers have been brought into order, and writes its context
   * into them. `operation`, a byte string, is what the span is called in the place of its default.
   * Returns `undefined` if there is no tracer, or it fails, or makes no spans; the headers pass as
   * they are then.
   */
  start(request: TracedRequest, operation: string | undefined): RequestSpan | undefined {
    return this.#openTelemetry.guard.run(() => this.#start(request, operation));
  }

  /** Takes the place of `start` for a request that is not to be traced. */
  pass({ requestHead }: TracedRequest): UntracedRequest | undefined {
    // Calls of the application are sent on as they are.
    return !this.#isOutbound && this.isActive
      ? new UntracedRequest(this.#openTelemetry, requestHead.headers)
      : undefined;
  }

  #start(request: TracedRequest, operation: string | undefined): RequestSpan | undefined {
    const { api, propagation, tracer } = this.#openTelemetry;
    if (tracer === undefined) {
      return undefined;
    }
    const head = request.requestHead;
    const isClient = this.#isEgress;
    // What is active where a request comes in was active when its listener was opened.
    const active = this.#isOutbound ? api.context.active() : api.ROOT_CONTEXT;
    const parent = this.#findParent(request, active);
    const name = fromByteString(operation ?? (isClient ? `egress ${head.authority}` : 'ingress'));
    const foreign = this.#isOutbound ? takeCallingSpan(api, active, parent) : undefined;
    foreign?.updateName(name);
    const span = foreign ?? tracer.startSpan(name, this.#describe(request), parent);
    const context = api.trace.setSpan(parent, span);
    if (span.isRecording()) {
      this.#tag(span, request);
    } else if (this.#isNoSpan(span, parent)) {
      return undefined;
    }
    propagation.inject(context, head.headers);
    const kind = { isClient, isForeign: foreign !== undefined };
    return new RequestSpan(this.#openTelemetry, span, context, kind);
  }

  /**
   * The context that the headers carry. Without one, a call of the application belongs to what the
   * application is doing, and else to the request that it is made for.
   */
  #findParent({ requestHead, inheritedTrace }: TracedRequest, active: Context): Context {
    const parent = this.#extract(active, requestHead.headers);
    if (inheritedTrace === undefined) {
      return parent;
    }
    const { api } = this.#openTelemetry;
    const known = api.trace.getSpanContext(parent);
    const hasParent = known !== undefined && api.isSpanContextValid(known);
    return hasParent ? parent : this.#extract(parent, inheritedTrace);
  }

  /** A context that cannot be read is as good as none. */
  #extract(base: Context, headers: HeaderList): Context {
    const { guard, propagation } = this.#openTelemetry;
    return guard.run(() => propagation.extract(base, headers)) ?? base;
  }

  /** What a span is made with, which samplers see as well. */
  #describe({ requestHead, protocol }: TracedRequest): SpanOptions {
    const { SpanKind } = this.#openTelemetry.api;
    return this.#isEgress
      ? { kind: SpanKind.CLIENT, attributes: clientAttributes(requestHead, protocol) }
      : { kind: SpanKind.SERVER, attributes: serverAttributes(requestHead, protocol) };
  }

  #tag(span: Span, request: TracedRequest): void {
    const tags = requestTags(request.requestHead, request.protocol);
    span.setAttributes(Object.assign(tags, this.#tags));
    if (!this.#isEgress) {
      span.setAttributes(originAttributes(request));
    }
  }

  /**
   * Whether a tracer has made nothing: it does nothing at all, or tracing is suppressed. One that
   * samples makes a span with a context of its own in any case.
   */
  #isNoSpan(span: Span, parent: Context): boolean {
    const { api } = this.#openTelemetry;
    const spanContext = span.spanContext();
    return (
      !api.isSpanContextValid(spanContext) ||
      spanContext.spanId === api.trace.getSpanContext(parent)?.spanId
    );
  }
}
