import type { RouteMatchConfig } from '../config/route-config.js';

/** Whether a path belongs to a route. */
export type RouteMatcher = (path: string) => boolean;

/**
 * Compiles what a route matches. A prefix is compared with the whole path, query string included;
 * an exact path with what stands before the `?`: reference 2.6.1.
 */
export function createRouteMatcher(match: RouteMatchConfig): RouteMatcher {
  if (match.kind === 'prefix') {
    return createPrefixMatcher(match.prefix, match.caseSensitive);
  }
  return createPathMatcher(match.path, match.caseSensitive);
}

function createPrefixMatcher(prefix: string, isCaseSensitive: boolean): RouteMatcher {
  if (prefix === '/' || prefix === '') {
    // Every path that gets here begins with a slash.
    return () => true;
  }
  if (isCaseSensitive) {
    return (path) => path.startsWith(prefix);
  }
  const lower = prefix.toLowerCase();
  return (path) => path.slice(0, lower.length).toLowerCase() === lower;
}

function createPathMatcher(expected: string, isCaseSensitive: boolean): RouteMatcher {
  if (isCaseSensitive) {
    return (path) => withoutQuery(path) === expected;
  }
  const lower = expected.toLowerCase();
  return (path) => withoutQuery(path).toLowerCase() === lower;
}

function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}
