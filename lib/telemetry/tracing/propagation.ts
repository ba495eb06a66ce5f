import type { Context, PropagationAPI } from '@opentelemetry/api';
import { type HeaderList, removeHeaders } from '../../http/headers.js';
import { b3Headers } from '../../http/trace-headers.js';
import { headerGetter, headerSetter } from './header-carrier.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';
import { OwnPropagator } from './own-propagator.js';

/**
 * How the context of a trace gets from one process to the next: by the propagators that the
 * application has registered with the API, and by our own as long as it has registered none.
 */
export class Propagation {
  readonly #api: PropagationAPI;
  readonly #own: OwnPropagator;
  /** What the propagators have said last that they write, and the headers that are those. */
  #fields: readonly string[] = [];
  #headers: ReadonlySet<string> = new Set();

  /** `mayUseOwn`: false if the application wants no propagation at all. */
  constructor(api: OpenTelemetryApi, mayUseOwn: boolean) {
    this.#api = api.propagation;
    this.#own = new OwnPropagator(api, mayUseOwn);
  }

  /** Returns `base` with the span that the headers name, or `base` itself. */
  extract(base: Context, headers: HeaderList): Context {
    const propagation = this.#api;
    return propagation.fields().length === 0
      ? this.#own.extract(base, headers)
      : propagation.extract(base, headers, headerGetter);
  }

  /**
   * Writes a context into the headers of a request, in the place of the one that it came with: what
   * could not be read of that one, a `tracestate` without its `traceparent` say, must not stay.
   */
  inject(context: Context, headers: HeaderList): void {
    const propagation = this.#api;
    const fields = propagation.fields();
    if (fields.length === 0) {
      this.#own.inject(context, headers);
      return;
    }
    if (!isSame(fields, this.#fields)) {
      this.#fields = fields;
      this.#headers = headersOf(fields);
    }
    removeHeaders(headers, this.#headers);
    propagation.inject(context, headers, headerSetter);
  }
}

/** They are made anew each time that they are asked for. */
function isSame(fields: readonly string[], others: readonly string[]): boolean {
  if (fields.length !== others.length) {
    return false;
  }
  for (let i = 0; i < fields.length; i++) {
    if (fields[i] !== others[i]) {
      return false;
    }
  }
  return true;
}

function headersOf(fields: readonly string[]): ReadonlySet<string> {
  const names = new Set(fields.map((field) => field.toLowerCase()));
  // B3 is read in either form, and written in one.
  return b3Headers.some((name) => names.has(name)) ? new Set([...names, ...b3Headers]) : names;
}
