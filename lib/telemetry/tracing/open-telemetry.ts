import type { Tracer, TracerProvider } from '@opentelemetry/api';
import { readVersion } from '../../base/version.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';
import { Propagation } from './propagation.js';
import type { TracingGuard } from './tracing-guard.js';

/** What every span says it was made by. */
const tracerName = 'pillion';

/** What spans are made with. */
export class OpenTelemetry {
  readonly api: OpenTelemetryApi;
  readonly guard: TracingGuard;
  readonly propagation: Propagation;
  readonly #version: string = readVersion();
  readonly #provider: TracerProvider | undefined;
  #tracer: Tracer | undefined = undefined;

  /** Without `provider` it is the one that the application registers with the API. */
  constructor(api: OpenTelemetryApi, guard: TracingGuard, provider: TracerProvider | undefined) {
    this.api = api;
    this.guard = guard;
    // What applications say to the SDK, which then registers no propagator.
    this.propagation = new Propagation(api, process.env['OTEL_PROPAGATORS'] !== 'none');
    this.#provider = provider;
  }

  /**
   * `undefined` as long as the application has registered no provider, so that nothing is done for
   * spans that nobody would see. May throw what the provider throws.
   */
  get tracer(): Tracer | undefined {
    this.#tracer ??= this.#findTracer();
    return this.#tracer;
  }

  /**
   * Asked anew each time. What the API hands out before a provider is there would not do if the
   * application registers its own with another copy of the package.
   */
  #findTracer(): Tracer | undefined {
    const provider = this.#provider ?? this.api.trace.getTracerProvider();
    return provider instanceof this.api.ProxyTracerProvider
      ? provider.getDelegateTracer(tracerName, this.#version)
      : provider.getTracer(tracerName, this.#version);
  }
}
