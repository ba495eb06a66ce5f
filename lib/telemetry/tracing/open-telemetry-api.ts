import type * as openTelemetry from '@opentelemetry/api';

/** What `@opentelemetry/api` exports. It is loaded only where something is traced. */
export type OpenTelemetryApi = typeof openTelemetry;
