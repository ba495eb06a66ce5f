import type { HttpFilterConfig } from '../config/http-filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import { type RouterContext, RouterFilter } from '../router/router-filter.js';

/** What filters are made with; each takes what it needs. */
export type FilterContext = Omit<RouterContext, 'dynamicStats'>;

/** Returns one factory for each entry of the configured chain, in its order. */
export function createFilterFactories(
  configs: readonly HttpFilterConfig[],
  context: FilterContext,
): readonly FilterFactory[] {
  return configs.flatMap((config) => createFactory(config, context) ?? []);
}

/** Filters that are not built are left out: the parser has refused them, or has said so. */
function createFactory(
  config: HttpFilterConfig,
  context: FilterContext,
): FilterFactory | undefined {
  if (config.name !== 'router') {
    return undefined;
  }
  const { dynamicStats } = config.config;
  const routerContext: RouterContext = { ...context, dynamicStats };
  return (callbacks) => new RouterFilter(routerContext, callbacks);
}
