import type { Context } from '@opentelemetry/api';
import { type HeaderList, removeHeader } from '../../http/headers.js';
import { b3Headers } from '../../http/trace-headers.js';
import { headerGetter, headerSetter } from './header-carrier.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';
import { OwnPropagator } from './own-propagator.js';

/**
 * How the context of a trace gets from one process to the next: by the propagators that the
 * application has registered with the API, and by our own as long as it has registered none.
 */
export class Propagation {
  readonly #api: OpenTelemetryApi;
  readonly #own: OwnPropagator;

  /** `mayUseOwn`: false if the application wants no propagation at all. */
  constructor(api: OpenTelemetryApi, mayUseOwn: boolean) {
    this.#api = api;
    this.#own = new OwnPropagator(api, mayUseOwn);
  }

  /** Returns `base` with the span that the headers name, or `base` itself. */
  extract(base: Context, headers: HeaderList): Context {
    const { propagation } = this.#api;
    return propagation.fields().length === 0
      ? this.#own.extract(base, headers)
      : propagation.extract(base, headers, headerGetter);
  }

  /**
   * Writes a context into the headers of a request, in the place of the one that it came with: what
   * could not be read of that one, a `tracestate` without its `traceparent` say, must not stay.
   */
  inject(context: Context, headers: HeaderList): void {
    const { propagation } = this.#api;
    const fields = propagation.fields();
    if (fields.length === 0) {
      this.#own.inject(context, headers);
      return;
    }
    let hasB3 = false;
    for (const field of fields) {
      const name = field.toLowerCase();
      removeHeader(headers, name);
      hasB3 ||= b3Headers.includes(name);
    }
    if (hasB3) {
      // It is read in either form, and written in one.
      removeB3(headers);
    }
    propagation.inject(context, headers, headerSetter);
  }
}

function removeB3(headers: HeaderList): void {
  for (const name of b3Headers) {
    removeHeader(headers, name);
  }
}
