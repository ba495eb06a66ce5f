import { type HeaderMatcherConfig, parseHeaderMatchers } from './header-matcher-config.js';
import type { JsonReader } from './json-reader.js';
import { readHeaderName } from './shared-keys.js';

/** What adds an entry to a descriptor: reference 2.8. */
export type RateLimitActionConfig =
  | { readonly type: 'source_cluster' | 'destination_cluster' | 'remote_address' }
  | {
      readonly type: 'request_headers';
      /** Lower case. */
      readonly headerName: string;
      readonly descriptorKey: string;
    }
  | { readonly type: 'generic_key'; readonly descriptorValue: string }
  | {
      readonly type: 'header_value_match';
      readonly descriptorValue: string;
      readonly headers: readonly HeaderMatcherConfig[];
      readonly expectMatch: boolean;
    };

/** An entry of `rate_limits`: reference 2.8. */
export interface RateLimitConfig {
  readonly stage: number;
  readonly disableKey: string | undefined;
  readonly actions: readonly RateLimitActionConfig[];
}

/** Parses `rate_limits`, which may be absent. */
export function parseRateLimits(reader: JsonReader): RateLimitConfig[] {
  return reader.objects('rate_limits').map((limit) => ({
    stage: limit.number('stage') ?? 0,
    disableKey: limit.string('disable_key'),
    actions: limit.objects('actions').flatMap((action) => parseAction(action) ?? []),
  }));
}

function parseAction(reader: JsonReader): RateLimitActionConfig | undefined {
  const type = reader.variant;
  switch (type) {
    case 'source_cluster':
    case 'destination_cluster':
    case 'remote_address':
      return { type };
    case 'request_headers': {
      const headerName = readHeaderName(reader, 'header_name', true);
      const descriptorKey = reader.string('descriptor_key');
      return headerName === undefined || descriptorKey === undefined
        ? undefined
        : { type, headerName, descriptorKey };
    }
    case 'generic_key': {
      const descriptorValue = reader.string('descriptor_value');
      return descriptorValue === undefined ? undefined : { type, descriptorValue };
    }
    case 'header_value_match': {
      const descriptorValue = reader.string('descriptor_value');
      const headers = parseHeaderMatchers(reader, 'headers');
      const expectMatch = reader.boolean('expect_match') ?? true;
      return descriptorValue === undefined
        ? undefined
        : { type, descriptorValue, headers, expectMatch };
    }
    default:
      return undefined;
  }
}
