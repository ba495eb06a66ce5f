import type { HttpFilterConfig } from '../config/http-filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import { type RouterContext, RouterFilter } from '../router/router-filter.js';
import { createBufferFilterFactory } from './buffer-filter.js';
import { createCorsFilterFactory } from './cors-filter.js';
import { createFaultFilterFactory } from './fault-filter.js';
import type { FilterContext } from './filter-context.js';
import { createHealthCheckFilterFactory } from './health-check-filter.js';
import { createIpTaggingFilterFactory } from './ip-tagging-filter.js';

/** Returns one factory for each entry of the configured chain, in its order. */
export function createFilterFactories(
  configs: readonly HttpFilterConfig[],
  context: FilterContext,
): readonly FilterFactory[] {
  return configs.flatMap((config) => createFactory(config, context) ?? []);
}

/** Filters that are not built are left out: the parser has refused them, or has said so. */
function createFactory(
  filter: HttpFilterConfig,
  context: FilterContext,
): FilterFactory | undefined {
  switch (filter.name) {
    case 'router': {
      const { clusterManager, stats, clock, wheel } = context;
      const { dynamicStats } = filter.config;
      const routerContext: RouterContext = { clusterManager, stats, clock, wheel, dynamicStats };
      return (callbacks) => new RouterFilter(routerContext, callbacks);
    }
    case 'buffer':
      return createBufferFilterFactory(filter.config, context);
    case 'cors':
      return createCorsFilterFactory(context);
    case 'fault':
      return createFaultFilterFactory(filter.config, context);
    case 'health_check':
      return createHealthCheckFilterFactory(filter.config, context);
    case 'ip_tagging':
      return createIpTaggingFilterFactory(filter.config, context);
    default:
      return undefined;
  }
}
