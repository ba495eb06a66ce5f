import type { Logger } from '../base/log.js';
import type { Runtime } from '../base/runtime.js';
import type { FilterFactory } from './filter.js';

/** What the filters of an application are made with, beside their config. */
export interface HttpFilterContext {
  /** Prefix of the statistics of the listener: `http.<stat_prefix>`. */
  readonly scope: string;
  /** As given to `createSidecar`; empty if not given. */
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly logger: Logger;
  /** Values that can change while the process runs: docs/runtime.md. */
  readonly runtime: Runtime;
}

/**
 * Makes the filters of one entry of a chain. It is called once for each entry, and for each door that
 * the chain stands behind (the listener, and the outbound calls that take its routes), with the
 * `config` of the entry, deeply frozen; `{}` if there is none. What it returns is called once for
 * each request.
 *
 * What it throws has `createSidecar` reject with `SIDECAR_FILTER_FAILED`. What a filter throws
 * ends its request with status 500.
 */
export type HttpFilterFactory = (
  config: Readonly<Record<string, unknown>>,
  context: HttpFilterContext,
) => FilterFactory;
