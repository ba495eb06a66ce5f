import type { Context, Span, TraceAPI } from '@opentelemetry/api';

/** Makes contexts that differ from another one by their span alone. */
export class SpanContexts {
  readonly #trace: TraceAPI;
  /** Where the API keeps the span of a context. */
  readonly #spanKey: symbol;

  constructor(trace: TraceAPI) {
    this.#trace = trace;
    this.#spanKey = findSpanKey(trace);
  }

  /**
   * Returns `base` with another span. To everybody it is what `trace.setSpan` returns, which copies
   * all that is in a context; most of these are read two or three times, and then forgotten.
   */
  create(base: Context, span: Span): Context {
    return new SpanContext(this.#trace, this.#spanKey, base, span);
  }
}

/** Has the API tell by which key it would keep a span. */
function findSpanKey(trace: TraceAPI): symbol {
  let key = Symbol();
  const listener: Context = {
    getValue: () => undefined,
    setValue(asked) {
      key = asked;
      return listener;
    },
    deleteValue: () => listener,
  };
  trace.setSpan(listener, trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }));
  return key;
}

class SpanContext implements Context {
  readonly #trace: TraceAPI;
  readonly #spanKey: symbol;
  readonly #base: Context;
  readonly #span: Span;

  constructor(trace: TraceAPI, spanKey: symbol, base: Context, span: Span) {
    this.#trace = trace;
    this.#spanKey = spanKey;
    // Of the one below only what is not its span shows. Without it, contexts that are made in each
    // other for ever hold none of those before.
    this.#base = base instanceof SpanContext ? base.#base : base;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === this.#spanKey ? this.#span : this.#base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#copy().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#copy().deleteValue(key);
  }

  #copy(): Context {
    return this.#trace.setSpan(this.#base, this.#span);
  }
}
