import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  type Attributes,
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { Json } from './config-builder.js';
import { FakeUpstream } from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';
import { until } from './until.js';

/** What a test says about its proxy that traces. */
export interface TracedParts extends ProxyParts {
  /** Keys of the connection manager's `tracing`. */
  readonly tracing?: Json;
  /** Keys of the router. */
  readonly router?: Json;
  readonly sampler?: Sampler;
  /** Default: that of W3C Trace Context. `undefined`: none is registered. */
  readonly propagator?: TextMapPropagator | undefined;
  /** Whether the sidecar asks the API for the provider, which a test then registers. */
  readonly isGlobal?: boolean;
  /** Whether the provider has been registered before the proxy starts. */
  readonly isRegistered?: boolean;
}

/** One span as a test looks at it. */
export interface SeenSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly attributes: Attributes;
  readonly isError: boolean;
}

/** An application that has set up the SDK of OpenTelemetry, and a proxy in it. */
export class TracingFixture {
  readonly provider: BasicTracerProvider;
  readonly upstream: FakeUpstream;
  readonly #exporter: InMemorySpanExporter;
  #proxy: TestProxy | undefined = undefined;

  private constructor(
    provider: BasicTracerProvider,
    exporter: InMemorySpanExporter,
    upstream: FakeUpstream,
  ) {
    this.provider = provider;
    this.#exporter = exporter;
    this.upstream = upstream;
  }

  /** Sets up propagation and context for the process of the test, and starts the proxy. */
  static async start(t: TestContext, parts: TracedParts = {}): Promise<TracingFixture> {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
      ...(parts.sampler === undefined ? {} : { sampler: parts.sampler }),
    });
    const propagator = 'propagator' in parts ? parts.propagator : new W3CTraceContextPropagator();
    if (propagator !== undefined) {
      propagation.setGlobalPropagator(propagator);
    }
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    if (parts.isRegistered === true) {
      trace.setGlobalTracerProvider(provider);
    }
    t.after(() => {
      propagation.disable();
      context.disable();
      trace.disable();
    });
    const upstream = await FakeUpstream.start();
    const fixture = new TracingFixture(provider, exporter, upstream);
    fixture.#proxy = await TestProxy.start(t, {
      upstream,
      ...parts,
      manager: {
        tracing: { operation_name: 'ingress', ...parts.tracing },
        filters: [{ name: 'router', config: { ...parts.router } }],
        ...parts.manager,
      },
      options: {
        ...(parts.isGlobal === true || parts.isRegistered === true
          ? {}
          : { tracerProvider: provider }),
        ...parts.options,
      },
    });
    return fixture;
  }

  get proxy(): TestProxy {
    if (this.#proxy === undefined) {
      throw new Error('the proxy has not been started');
    }
    return this.#proxy;
  }

  /** Returns the spans that have ended, in the order of their ends, as soon as there are `count`. */
  async spans(count: number): Promise<readonly SeenSpan[]> {
    await until(() => this.#exporter.getFinishedSpans().length >= count, `${count} spans ended`);
    const spans = this.#exporter.getFinishedSpans().map(seen);
    assert.equal(spans.length, count, JSON.stringify(spans));
    return spans;
  }

  /** Returns the only span. */
  async span(): Promise<SeenSpan> {
    const [span] = await this.spans(1);
    assert.ok(span);
    return span;
  }

  /** Returns the value of a header that the host got, of each of its requests. */
  received(name: string): readonly (string | undefined)[] {
    return this.upstream.requests.map(({ headers }) => headers[name]?.toString());
  }
}

/** Returns the `traceparent` that carries the context of a span. */
export function traceparentOf({ traceId, spanId }: SeenSpan): string {
  return `00-${traceId}-${spanId}-01`;
}

/** Returns a span as a test looks at it. */
export function seen(span: ReadableSpan): SeenSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    kind: SpanKind[span.kind],
    traceId,
    spanId,
    parentId: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    isError: span.status.code === SpanStatusCode.ERROR,
  };
}
