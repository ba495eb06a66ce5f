/** One entry of the HTTP filter chain, in order. The last is the router. */
export type HttpFilterConfig = RouterFilterConfig;

/** `router`: reference 3.1. */
export interface RouterFilterConfig {
  readonly name: 'router';
  /** Whether the per-code statistics of reference 8.3 are kept. Default true. */
  readonly dynamicStats: boolean;
}
