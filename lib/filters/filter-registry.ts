import type { HttpFilterConfig } from '../config/filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import { type RouterContext, RouterFilter } from '../router/router-filter.js';

/** What filters are made with; each takes what it needs. */
export type FilterContext = Omit<RouterContext, 'dynamicStats'>;

/** Returns one factory for each entry of the configured chain, in its order. */
export function createFilterFactories(
  configs: readonly HttpFilterConfig[],
  context: FilterContext,
): readonly FilterFactory[] {
  return configs.map((config) => createFactory(config, context));
}

function createFactory(config: HttpFilterConfig, context: FilterContext): FilterFactory {
  switch (config.name) {
    case 'router': {
      const routerContext: RouterContext = { ...context, dynamicStats: config.dynamicStats };
      return (callbacks) => new RouterFilter(routerContext, callbacks);
    }
  }
}
