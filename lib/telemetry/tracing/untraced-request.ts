import type { HeaderList } from '../../http/headers.js';
import type { RequestTrace } from '../../http/request-trace.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { runInContext } from './run-in-context.js';
import { createUnrecordedSpan } from './unrecorded-span.js';

/**
 * A request that is not to be traced. What a mounted application does for it goes on with the trace
 * that its headers carry, as it would behind another proxy; without one, it is not recorded either,
 * or each of its parts would begin a trace of its own.
 */
export class UntracedRequest implements RequestTrace {
  readonly #openTelemetry: OpenTelemetry;
  readonly #headers: HeaderList;

  constructor(openTelemetry: OpenTelemetry, headers: HeaderList) {
    this.#openTelemetry = openTelemetry;
    this.#headers = headers;
  }

  startAttempt(): undefined {
    return undefined;
  }

  run<T>(fn: () => T): T {
    const { api, guard, propagation } = this.#openTelemetry;
    const root = api.ROOT_CONTEXT;
    const context = guard.run(() => {
      const parent = propagation.extract(root, this.#headers);
      return api.trace.getSpanContext(parent) === undefined
        ? api.trace.setSpanContext(parent, createUnrecordedSpan())
        : parent;
    });
    return runInContext(this.#openTelemetry, context ?? root, fn);
  }
}
