import type { BufferFilterConfig } from '../config/http-filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `buffer` of a chain. */
export function createBufferFilterFactory(
  _config: BufferFilterConfig,
  _context: FilterContext,
): FilterFactory {
  return () => ({});
}
