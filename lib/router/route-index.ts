import { toByteString } from '../base/byte-string.js';
import type { RoutedRequest } from '../http/filter.js';
import { AscendingMerge } from './ascending-merge.js';
import { PathIndex, type RouteGroup } from './path-index.js';
import type { Route } from './route.js';

/**
 * Finds the first of many routes that matches, without trying them all.
 *
 * It leaves out only routes whose `path` or `prefix` the request does not have; those that are left
 * are tried in the configured order, so that the answer is that of trying one by one: reference 2.6.
 * Patterns, and prefixes that every path has, cannot be looked up and are always among those tried.
 */
export class RouteIndex {
  readonly #routes: readonly Route[];
  readonly #asWritten = new PathIndex();
  /** Paths and prefixes that ignore case, in lower case. */
  readonly #folded = new PathIndex();
  /** Positions of the routes that are tried on every path. */
  readonly #onAnyPath: readonly number[];

  constructor(routes: readonly Route[]) {
    const onAnyPath: number[] = [];
    this.#routes = routes;
    for (const [position, route] of routes.entries()) {
      if (!this.#addToPaths(route, position)) {
        onAnyPath.push(position);
      }
      if (route.takesEveryRequest) {
        // What comes behind it is never reached.
        break;
      }
    }
    this.#onAnyPath = onAnyPath;
    this.#asWritten.build();
    this.#folded.build();
  }

  /** Returns the first route in the configured order that matches, or `undefined`. */
  match(request: RoutedRequest): Route | undefined {
    const lists = this.#listsOf(request.requestHead.path);
    const [first] = lists;
    if (first === undefined) {
      return undefined;
    }
    if (lists.length === 1) {
      for (const position of first) {
        const route = this.#matching(position, request);
        if (route !== undefined) {
          return route;
        }
      }
      return undefined;
    }
    const merge = new AscendingMerge(lists);
    let position = merge.next();
    while (position !== undefined) {
      const route = this.#matching(position, request);
      if (route !== undefined) {
        return route;
      }
      position = merge.next();
    }
    return undefined;
  }

  #matching(position: number, request: RoutedRequest): Route | undefined {
    const route = this.#routes[position];
    return route?.matches(request) ? route : undefined;
  }

  /** The positions of all routes that a path leaves possible, as ascending lists. */
  #listsOf(path: string): (readonly number[])[] {
    const written = this.#asWritten.isEmpty ? undefined : this.#asWritten.textOf(path);
    const folded = this.#folded.isEmpty ? undefined : this.#folded.textOf(path).toLowerCase();
    const groups = [
      written === undefined ? undefined : this.#asWritten.findPath(written),
      written === undefined ? undefined : this.#asWritten.findPrefix(written),
      folded === undefined ? undefined : this.#folded.findPath(folded),
      folded === undefined ? undefined : this.#folded.findPrefix(folded),
    ];
    let end = Number.POSITIVE_INFINITY;
    for (const group of groups) {
      end = Math.min(end, group?.end ?? end);
    }
    const lists: (readonly number[])[] = [];
    for (const group of groups) {
      addLists(lists, group, end);
    }
    if (isWithin(this.#onAnyPath, end)) {
      lists.push(this.#onAnyPath);
    }
    return lists;
  }

  /** Returns false if the route has to be tried on every path. */
  #addToPaths(route: Route, position: number): boolean {
    const match = route.config.match.path;
    if (match.kind === 'regex') {
      return false;
    }
    const text = toByteString(match.kind === 'path' ? match.path : match.prefix);
    if (match.kind === 'prefix' && (text === '' || text === '/')) {
      return false;
    }
    const paths = match.caseSensitive ? this.#asWritten : this.#folded;
    const key = match.caseSensitive ? text : text.toLowerCase();
    paths.add(match.kind, key, { position, isUnconditional: isUnconditional(route) });
    return true;
  }
}

/** Whether the path alone decides. */
function isUnconditional(route: Route): boolean {
  return route.conditions.length === 1;
}

/** Adds the lists of a group and of all around it, but for those that begin behind `end`. */
function addLists(
  lists: (readonly number[])[],
  innermost: RouteGroup | undefined,
  end: number,
): void {
  let group = innermost;
  while (group !== undefined && group.lowest <= end) {
    if (isWithin(group.positions, end)) {
      lists.push(group.positions);
    }
    group = group.outer;
  }
}

function isWithin(positions: readonly number[], end: number): boolean {
  const [first] = positions;
  return first !== undefined && first <= end;
}
