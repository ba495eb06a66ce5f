import type { HealthCheckFilterConfig } from '../config/http-filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `health_check` of a chain. */
export function createHealthCheckFilterFactory(
  _config: HealthCheckFilterConfig,
  _context: FilterContext,
): FilterFactory {
  return () => ({});
}
