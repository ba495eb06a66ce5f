import type {
  Context,
  ContextAPI,
  ProxyTracerProvider,
  TraceAPI,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api';
import { readVersion } from '../../base/version.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';
import { Propagation } from './propagation.js';
import { SpanContexts } from './span-contexts.js';
import type { TracingGuard } from './tracing-guard.js';

/** What every span says it was made by. */
const tracerName = 'pillion';

/** What spans are made with. */
export class OpenTelemetry {
  readonly api: OpenTelemetryApi;
  /** Those of the API: to look them up in a module takes longer than in an object. */
  readonly context: ContextAPI;
  readonly trace: TraceAPI;
  readonly rootContext: Context;
  readonly guard: TracingGuard;
  readonly propagation: Propagation;
  readonly contexts: SpanContexts;
  readonly #version: string = readVersion();
  readonly #provider: TracerProvider | undefined;
  readonly #noopTracer: Tracer;
  /** Whom `#tracer` is from. */
  #source: TracerProvider | undefined = undefined;
  #tracer: Tracer | undefined = undefined;

  /** Without `provider` it is the one that the application registers with the API. */
  constructor(api: OpenTelemetryApi, guard: TracingGuard, provider: TracerProvider | undefined) {
    this.api = api;
    this.context = api.context;
    this.trace = api.trace;
    this.rootContext = api.ROOT_CONTEXT;
    this.guard = guard;
    // What applications say to the SDK, which then registers no propagator.
    this.propagation = new Propagation(api, process.env['OTEL_PROPAGATORS'] !== 'none');
    this.contexts = new SpanContexts(api.trace);
    this.#provider = provider;
    this.#noopTracer = new api.ProxyTracerProvider().getDelegate().getTracer(tracerName);
  }

  /**
   * `undefined` as long as the application has registered no provider, or one that makes no spans, so
   * that nothing is done for spans that nobody would see. May throw what the provider throws.
   *
   * It goes with the provider that is registered at the moment: tracers of the API, too, stay for ever
   * with the first one, which may have been shut down since.
   */
  get tracer(): Tracer | undefined {
    const provider = this.#provider ?? this.trace.getTracerProvider();
    const source = isProxy(provider) ? provider.getDelegate() : provider;
    if (source === this.#source) {
      return this.#tracer;
    }
    const tracer = this.#findTracer(provider);
    if (tracer === undefined) {
      // It may have one the next time.
      return undefined;
    }
    this.#source = source;
    this.#tracer = tracer.startSpan === this.#noopTracer.startSpan ? undefined : tracer;
    return this.#tracer;
  }

  /**
   * What the API itself hands out before a provider is there would not do if the application
   * registers its own with another copy of the package.
   */
  #findTracer(provider: TracerProvider): Tracer | undefined {
    return isProxy(provider)
      ? provider.getDelegateTracer(tracerName, this.#version)
      : provider.getTracer(tracerName, this.#version);
  }
}

/** Whether a provider hands out the tracers of another one; of whichever copy of the package. */
function isProxy(provider: TracerProvider): provider is ProxyTracerProvider {
  return 'getDelegate' in provider && 'getDelegateTracer' in provider;
}
