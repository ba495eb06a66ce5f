import type { Attributes, TracerProvider } from '@opentelemetry/api';
import type { Logger } from '../../base/log.js';
import type { ConnectionManagerTracingConfig } from '../../config/connection-manager-config.js';
import type { ListenerConfig } from '../../config/listener-config.js';
import { OpenTelemetry } from './open-telemetry.js';
import { RequestTracer } from './request-tracer.js';
import { TracingGuard } from './tracing-guard.js';

/** What tracing is made with. */
export interface TracingOptions {
  /** `undefined` for the one that the application registers with the API, before or later. */
  readonly tracerProvider: TracerProvider | undefined;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly log: Logger;
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

  /** Loads the API, if a listener traces. Returns `undefined` if none does. */
  static async load(
    listeners: readonly ListenerConfig[],
    options: TracingOptions,
  ): Promise<Tracing | undefined> {
    if (listeners.every(({ connectionManager }) => connectionManager.tracing === undefined)) {
      return undefined;
    }
    const api = await import('@opentelemetry/api');
    const guard = new TracingGuard(options.log);
    return new Tracing(new OpenTelemetry(api, guard, options.tracerProvider), options);
  }

  /** Returns what begins the spans of a connection manager; `undefined` if it does not trace. */
  createTracer(
    config: ConnectionManagerTracingConfig | undefined,
    isOutbound: boolean,
  ): RequestTracer | undefined {
    return config && new RequestTracer(this.#openTelemetry, config, isOutbound, this.#tags);
  }
}
