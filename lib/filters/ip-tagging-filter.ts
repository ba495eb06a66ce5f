import { toByteString } from '../base/byte-string.js';
import { IpRanges } from '../base/ip-ranges.js';
import type { IpTaggingFilterConfig, RequestType } from '../config/http-filter-config.js';
import type { FilterCallbacks, FilterFactory, FilterStatus } from '../http/filter.js';
import { getHeader, type HeaderList, removeHeader, setHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import type { FilterContext } from './filter-context.js';

const tagsHeader = 'x-envoy-ip-tags';

/**
 * Makes the filters of one entry `ip_tagging` of a chain: reference 6.1.7. They do what later
 * releases do: the names of the tags that hold the address of the client go into a header.
 */
export function createIpTaggingFilterFactory(
  { requestType, tags }: IpTaggingFilterConfig,
  _context: FilterContext,
): FilterFactory {
  const ranges = new IpRanges(tags.map((tag) => tag.ranges));
  const names = tags.map(({ name }) => toByteString(name));
  return (callbacks) => ({
    decodeHead({ headers }: RequestHead): FilterStatus {
      if (!callbacks.isInternal) {
        // Whoever acts by the tags must not be told them by a stranger.
        removeHeader(headers, tagsHeader);
      }
      if (isConcerned(callbacks, requestType)) {
        const groups = ranges.groupsOf(callbacks.clientAddress);
        // Several entries may share a name.
        addTags(headers, new Set(groups.map((index) => names[index] as string)));
      }
      return 'continue';
    },
  });
}

function isConcerned({ isInternal }: FilterCallbacks, requestType: RequestType): boolean {
  return requestType === 'both' || isInternal === (requestType === 'internal');
}

function addTags(headers: HeaderList, tags: ReadonlySet<string>): void {
  if (tags.size > 0) {
    setHeader(headers, tagsHeader, [...valuesOf(headers), ...tags].join(','));
  }
}

/** The values that are there; there may be several headers, which become one. */
function valuesOf(headers: HeaderList): string[] {
  return getHeader(headers, tagsHeader) === undefined
    ? []
    : headers.filter((value, i) => i % 2 === 1 && headers[i - 1] === tagsHeader && value !== '');
}
