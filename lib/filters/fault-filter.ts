import type { FaultFilterConfig } from '../config/http-filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `fault` of a chain. */
export function createFaultFilterFactory(
  _config: FaultFilterConfig,
  _context: FilterContext,
): FilterFactory {
  return () => ({});
}
