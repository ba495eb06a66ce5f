import type { FilterFactory } from '../http/filter.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `cors` of a chain. */
export function createCorsFilterFactory(_context: FilterContext): FilterFactory {
  return () => ({});
}
