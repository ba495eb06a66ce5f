import type { IpTaggingFilterConfig } from '../config/http-filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `ip_tagging` of a chain. */
export function createIpTaggingFilterFactory(
  _config: IpTaggingFilterConfig,
  _context: FilterContext,
): FilterFactory {
  return () => ({});
}
