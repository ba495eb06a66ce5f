import type {
  Attributes,
  Context,
  Span,
  SpanContext,
  SpanKind,
  SpanOptions,
} from '@opentelemetry/api';
import { fromByteString } from '../../base/byte-string.js';
import type { ConnectionManagerTracingConfig } from '../../config/connection-manager-config.js';
import type { HeaderList } from '../../http/headers.js';
import { readAuthority } from './authority.js';
import { takeCallingSpan } from './calling-span.js';
import { requestTags } from './envoy-tags.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { RequestSpan, type RequestSpanKind } from './request-span.js';
import {
  callAttributes,
  clientAttributes,
  originAttributes,
  serverAttributes,
} from './span-attributes.js';
import type { TracedRequest } from './traced-request.js';
import { UntracedRequest } from './untraced-request.js';

/** What stands in the place of ids that a span has not got. */
const noTraceId = '0'.repeat(32);
const noSpanId = '0'.repeat(16);

/** Instrumentation of client libraries begins spans of what goes out alone. */
const foreignKind: RequestSpanKind = { isClient: true, isForeign: true };

/** Begins the spans of the requests of one connection manager. */
export class RequestTracer {
  readonly #openTelemetry: OpenTelemetry;
  readonly #isEgress: boolean;
  readonly #isOutbound: boolean;
  readonly #kind: RequestSpanKind;
  readonly #spanKind: SpanKind;
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
    this.#kind = { isClient: this.#isEgress, isForeign: false };
    const { SpanKind } = openTelemetry.api;
    this.#spanKind = this.#isEgress ? SpanKind.CLIENT : SpanKind.SERVER;
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
    const openTelemetry = this.#openTelemetry;
    const { rootContext, tracer } = openTelemetry;
    if (tracer === undefined) {
      return undefined;
    }
    // What is active where a request comes in was active when its listener was opened.
    const active = this.#isOutbound ? openTelemetry.context.active() : rootContext;
    const parent = this.#findParent(request, active);
    const name = this.#nameOf(request, operation);
    const foreign = active === rootContext ? undefined : this.#takeForeign(active, parent);
    foreign?.updateName(name);
    const span = foreign ?? tracer.startSpan(name, this.#describe(request), parent);
    if (span.isRecording()) {
      this.#tag(span, request, foreign !== undefined);
    } else if (this.#isNoSpan(span, parent)) {
      return undefined;
    }
    const context = openTelemetry.contexts.create(parent, span);
    openTelemetry.propagation.inject(context, request.requestHead.headers);
    return new RequestSpan(
      openTelemetry,
      span,
      context,
      foreign === undefined ? this.#kind : foreignKind,
    );
  }

  #takeForeign(active: Context, parent: Context): Span | undefined {
    const { api, trace } = this.#openTelemetry;
    return trace.getSpan(active) && takeCallingSpan(api, active, parent);
  }

  #nameOf({ requestHead }: TracedRequest, operation: string | undefined): string {
    if (operation !== undefined) {
      return fromByteString(operation);
    }
    return this.#isEgress ? readAuthority(requestHead.authority).egressName : 'ingress';
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
    const { trace } = this.#openTelemetry;
    const known = trace.getSpanContext(parent);
    const hasParent = known !== undefined && trace.isSpanContextValid(known);
    return hasParent ? parent : this.#extract(parent, inheritedTrace);
  }

  /** A context that cannot be read is as good as none. */
  #extract(base: Context, headers: HeaderList): Context {
    const { guard, propagation } = this.#openTelemetry;
    return guard.run(() => propagation.extract(base, headers)) ?? base;
  }

  /** What a span is made with, which samplers see as well. */
  #describe({ requestHead, clientAddress }: TracedRequest): SpanOptions {
    const kind = this.#spanKind;
    return this.#isEgress
      ? { kind, attributes: clientAttributes(requestHead) }
      : { kind, attributes: serverAttributes(requestHead, clientAddress) };
  }

  /** Says what only spans that are recorded have to say. `isForeign`: theirs says the rest itself. */
  #tag(span: Span, request: TracedRequest, isForeign: boolean): void {
    const attributes = requestTags(request.requestHead, request.protocol);
    Object.assign(attributes, this.#tags);
    if (!isForeign) {
      const more = this.#isEgress ? callAttributes(request) : originAttributes(request);
      Object.assign(attributes, more);
    }
    span.setAttributes(attributes);
  }

  /**
   * Whether a tracer has made nothing: it does nothing at all, or tracing is suppressed. One that
   * samples makes a span with a context of its own in any case.
   */
  #isNoSpan(span: Span, parent: Context): boolean {
    const { trace } = this.#openTelemetry;
    const spanContext = span.spanContext();
    return !hasIds(spanContext) || spanContext.spanId === trace.getSpanContext(parent)?.spanId;
  }
}

/** Propagators look at each digit; what has none is told from what has some by less. */
function hasIds({ traceId, spanId }: SpanContext): boolean {
  return (
    traceId.length === noTraceId.length &&
    spanId.length === noSpanId.length &&
    traceId !== noTraceId &&
    spanId !== noSpanId
  );
}
