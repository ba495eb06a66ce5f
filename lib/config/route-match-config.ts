import { listQuoted, quoteText } from './describe-value.js';
import {
  type HeaderMatcherConfig,
  parseHeaderMatchers,
  parseQueryParameters,
  type QueryParameterMatcherConfig,
} from './header-matcher-config.js';
import type { JsonReader } from './json-reader.js';
import { readPattern } from './pattern-key.js';

/** What a request must be: reference 2.6.1. All parts must match. */
export interface RouteMatchConfig {
  readonly path: PathMatchConfig;
  readonly headers: readonly HeaderMatcherConfig[];
  readonly queryParameters: readonly QueryParameterMatcherConfig[];
  readonly runtime: RuntimeFractionConfig | undefined;
}

/** Exactly one of `prefix`, `path` and `regex`, as a tagged union. */
export type PathMatchConfig =
  | { readonly kind: 'prefix'; readonly prefix: string; readonly caseSensitive: boolean }
  | { readonly kind: 'path'; readonly path: string; readonly caseSensitive: boolean }
  /** The pattern must match the whole path, without its query string. */
  | { readonly kind: 'regex'; readonly pattern: string };

/** A share of requests, in percent, that a runtime key can change: reference 2.6.3. */
export interface RuntimeFractionConfig {
  readonly key: string;
  readonly default: number;
}

const matchKeys = ['prefix', 'path', 'regex'];

/** Parses what a route matches; `undefined` if it is broken. */
export function parseRouteMatch(reader: JsonReader): RouteMatchConfig | undefined {
  const path = parsePathMatch(reader);
  const headers = parseHeaderMatchers(reader, 'headers');
  const queryParameters = parseQueryParameters(reader);
  const runtime = parseRuntimeFraction(reader.object('runtime'));
  return path && { path, headers, queryParameters, runtime };
}

function parsePathMatch(reader: JsonReader): PathMatchConfig | undefined {
  const caseSensitive = reader.boolean('case_sensitive') ?? true;
  const prefix = reader.string('prefix');
  const path = reader.string('path');
  const regex = readPattern(reader, 'regex');
  const given = matchKeys.filter((key) => reader.has(key));
  if (given.length === 0) {
    reader.problem('a route needs "prefix", "path" or "regex"; "prefix": "/" matches every path');
  } else if (given.length > 1) {
    reader.problem(`${listQuoted(given, 'and')} exclude each other; keep one of them`);
  }
  if (prefix !== undefined) {
    warnOfDeadPath(reader, 'prefix', prefix);
    return { kind: 'prefix', prefix, caseSensitive };
  }
  if (path !== undefined) {
    warnOfDeadPath(reader, 'path', path);
    return { kind: 'path', path, caseSensitive };
  }
  if (regex === undefined) {
    return undefined;
  }
  if (!caseSensitive) {
    reader.warning('not read, as the case of "regex" always counts; remove it', 'case_sensitive');
  }
  return { kind: 'regex', pattern: regex };
}

/** The one path without a slash, that of `OPTIONS *`, is answered before any route is looked at. */
function warnOfDeadPath(reader: JsonReader, key: string, path: string): void {
  if (!path.startsWith('/') && (key === 'path' || path !== '')) {
    reader.warning(
      `this route never matches, as paths begin with a slash; did you mean ${quoteText(`/${path}`)}?`,
      key,
    );
  } else if (key === 'path' && /[?#]/.test(path)) {
    reader.warning('this route never matches, as the path is compared without its query', key);
  }
}

function parseRuntimeFraction(reader: JsonReader | undefined): RuntimeFractionConfig | undefined {
  const key = reader?.string('key');
  const share = reader?.number('default');
  return key === undefined || share === undefined ? undefined : { key, default: share };
}
