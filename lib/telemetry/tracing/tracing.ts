import type { Attributes, Context, TracerProvider } from '@opentelemetry/api';
import type { Logger } from '../../base/log.js';
import type { ConnectionManagerTracingConfig } from '../../config/connection-manager-config.js';
import type { ListenerConfig } from '../../config/listener-config.js';
import { OpenTelemetry } from './open-telemetry.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';
import { RequestTracer } from './request-tracer.js';
import { runInContext } from './run-in-context.js';
import { TracingGuard } from './tracing-guard.js';

/** What tracing is made with. */
export interface TracingOptions {
  /** `undefined` for the one that the application registers with the API, before or later. */
  readonly tracerProvider: TracerProvider | undefined;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly log: Logger;
}

/** How calls are traced that take no listener, or one that says nothing of it. */
export const defaultCallTracing: ConnectionManagerTracingConfig = {
  operationName: 'egress',
  requestHeadersForTags: [],
};

/** Where every copy of the package looks for what has been registered with one of them. */
const registry: symbol = Symbol.for('opentelemetry.js.api.1');

/** Whether the application has registered a provider, without loading the package to find out. */
function isRegistered(): boolean {
  const registered: unknown = Reflect.get(globalThis, registry);
  return typeof registered === 'object' && registered !== null && 'trace' in registered;
}

/** The tracing of a sidecar, by the API of OpenTelemetry: reference 5.9. */
export class Tracing {
  readonly #openTelemetry: OpenTelemetry;
  readonly #tags: Attributes;

  private constructor(openTelemetry: OpenTelemetry, { serviceNode, serviceZone }: TracingOptions) {
    this.#openTelemetry = openTelemetry;
    this.#tags = {
      component: 'proxy',
      ...(serviceNode === '' ? {} : { node_id: serviceNode }),
      ...(serviceZone === '' ? {} : { zone: serviceZone }),
    };
  }

  /**
   * Loads the API, if there is something to trace: requests of a listener, or the calls of an
   * application that uses the API itself. Returns `undefined` if there is not.
   */
  static async load(
    listeners: readonly ListenerConfig[],
    options: TracingOptions,
  ): Promise<Tracing | undefined> {
    const isInUse = options.tracerProvider !== undefined || isRegistered();
    if (
      !isInUse &&
      listeners.every(({ connectionManager }) => connectionManager.tracing === undefined)
    ) {
      return undefined;
    }
    const api = await import('@opentelemetry/api');
    const guard = new TracingGuard(options.log);
    return new Tracing(new OpenTelemetry(api, guard, options.tracerProvider), options);
  }

  /**
   * Calls `fn` with tracing suppressed: for a request of `node:http` that is a part of another one,
   * and would get a span of its own by instrumentation.
   */
  hide(fn: () => void): void {
    const { api, guard } = this.#openTelemetry;
    const context = guard.run(() => suppressTracing(api));
    runInContext(this.#openTelemetry, context ?? api.ROOT_CONTEXT, fn);
  }

  /** Returns what begins the spans of a connection manager; `undefined` if it does not trace. */
  createTracer(
    config: ConnectionManagerTracingConfig | undefined,
    isOutbound: boolean,
  ): RequestTracer | undefined {
    return config && new RequestTracer(this.#openTelemetry, config, isOutbound, this.#tags);
  }
}

/** The SDK and its propagators look for this in a context. */
function suppressTracing(api: OpenTelemetryApi): Context {
  const key = api.createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
  return api.context.active().setValue(key, true);
}
