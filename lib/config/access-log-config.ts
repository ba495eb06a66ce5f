import { parseAccessLogFormat } from './access-log-format.js';
import type { JsonReader } from './json-reader.js';
import { comparisonOperators } from './schema/access-log-schema.js';
import { readFilePath } from './shared-keys.js';

/** How two numbers are compared. */
export type ComparisonOperator = (typeof comparisonOperators)[number];

/** The `filter` of an access log: reference 7.4. */
export type AccessLogFilterConfig =
  | ({ readonly type: 'status_code' } & Comparison)
  | ({ readonly type: 'duration' } & Comparison)
  | { readonly type: 'not_healthcheck' }
  | { readonly type: 'traceable_request' }
  | { readonly type: 'runtime'; readonly key: string }
  | {
      readonly type: 'logical_and' | 'logical_or';
      readonly filters: readonly AccessLogFilterConfig[];
    };

/** Compares with `value`, or with the value of a runtime key. */
interface Comparison {
  readonly op: ComparisonOperator;
  readonly value: number;
  readonly runtimeKey: string | undefined;
}

/** One `access_log` entry: reference 7.1. */
export interface AccessLogConfig {
  readonly path: string;
  /** `undefined` for the default format. */
  readonly format: string | undefined;
  /** `undefined` for all requests. */
  readonly filter: AccessLogFilterConfig | undefined;
}

/** Parses `access_log`, which may be absent. */
export function parseAccessLogs(reader: JsonReader): AccessLogConfig[] {
  return reader.objects('access_log').flatMap((entry) => {
    const path = readFilePath(entry, 'path');
    const format = readFormat(entry);
    const filterReader = entry.object('filter');
    const filter = filterReader && parseFilter(filterReader);
    return path === undefined ? [] : [{ path, format, filter }];
  });
}

function readFormat(reader: JsonReader): string | undefined {
  const format = reader.string('format');
  if (format === undefined) {
    return undefined;
  }
  for (const problem of parseAccessLogFormat(format).problems) {
    reader.problem(problem, 'format');
  }
  return format;
}

function parseFilter(reader: JsonReader): AccessLogFilterConfig | undefined {
  const type = reader.variant;
  switch (type) {
    case 'status_code':
    case 'duration': {
      const op = reader.oneOf('op', comparisonOperators);
      const value = reader.number('value');
      const runtimeKey = reader.string('runtime_key');
      return op === undefined || value === undefined ? undefined : { type, op, value, runtimeKey };
    }
    case 'not_healthcheck':
    case 'traceable_request':
      return { type };
    case 'runtime': {
      const key = reader.string('key');
      return key === undefined ? undefined : { type, key };
    }
    case 'logical_and':
    case 'logical_or':
      return {
        type,
        filters: reader.objects('filters').flatMap((filter) => parseFilter(filter) ?? []),
      };
    default:
      return undefined;
  }
}
