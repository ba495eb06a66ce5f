import { withoutQuery } from './path-condition.js';
import { RadixTree } from './radix-tree.js';

/** The routes that one path or prefix leads to. */
export interface RouteGroup {
  /** Positions in the configured order, ascending. Never empty. */
  readonly positions: readonly number[];
  /** The group of a shorter prefix, which counts as well. */
  readonly outer: RouteGroup | undefined;
  /** The first position here and in all groups around. */
  readonly lowest: number;
  /** Where a route stands that needs nothing but the path: no route behind it is reached. */
  readonly end: number;
}

/** A route as the index sees it. */
export interface IndexedRoute {
  readonly position: number;
  /** Whether the path alone decides. */
  readonly isUnconditional: boolean;
}

/**
 * Finds routes by the path or prefix they ask for. Filled with `add`, in the configured order, then
 * closed with `build`.
 *
 * All prefixes that a path has are prefixes of the longest one. So one look-up gives the longest,
 * and its group leads to the groups of the others. Routes that can never be reached, because a
 * shorter prefix takes their requests first, are left out.
 */
export class PathIndex {
  readonly #paths = new Map<string, RouteGroup>();
  readonly #prefixes = new RadixTree<RouteGroup>('start');
  /** The length of text that decides. The rest of a path is not looked at. */
  #reach = 0;
  #pathRoutes = new Map<string, IndexedRoute[]>();
  #prefixRoutes = new Map<string, IndexedRoute[]>();

  get isEmpty(): boolean {
    return this.#reach === 0;
  }

  add(kind: 'path' | 'prefix', text: string, route: IndexedRoute): void {
    const routesByText = kind === 'path' ? this.#pathRoutes : this.#prefixRoutes;
    const routes = routesByText.get(text);
    if (routes === undefined) {
      routesByText.set(text, [route]);
    } else {
      routes.push(route);
    }
    // One character behind a path tells whether the path ends there.
    this.#reach = Math.max(this.#reach, text.length + (kind === 'path' ? 1 : 0));
  }

  build(): void {
    for (const [path, routes] of this.#pathRoutes) {
      const group = createGroup(routes, undefined);
      if (group !== undefined) {
        this.#paths.set(path, group);
      }
    }
    // A prefix finds those around it in the tree if they are there before it.
    const byLength = [...this.#prefixRoutes].sort(([a], [b]) => a.length - b.length);
    for (const [prefix, routes] of byLength) {
      const group = createGroup(routes, this.#prefixes.findLongest(prefix));
      if (group !== undefined) {
        this.#prefixes.set(prefix, group);
      }
    }
    this.#pathRoutes = new Map();
    this.#prefixRoutes = new Map();
  }

  /** Cuts a request's path down to what the other methods need of it. */
  textOf(path: string): string {
    return path.length > this.#reach ? path.slice(0, this.#reach) : path;
  }

  findPath(text: string): RouteGroup | undefined {
    return this.#paths.size === 0 ? undefined : this.#paths.get(withoutQuery(text));
  }

  /** Returns the group of the longest prefix that `text` has. */
  findPrefix(text: string): RouteGroup | undefined {
    return this.#prefixes.findLongest(text);
  }
}

/** Returns `undefined` if none of the routes can be reached. */
function createGroup(
  routes: readonly IndexedRoute[],
  around: RouteGroup | undefined,
): RouteGroup | undefined {
  let end = around?.end ?? Number.POSITIVE_INFINITY;
  const positions: number[] = [];
  for (const { position, isUnconditional } of routes) {
    if (position > end) {
      break;
    }
    positions.push(position);
    if (isUnconditional) {
      end = position;
    }
  }
  const [first] = positions;
  if (first === undefined) {
    return undefined;
  }
  const outer = around !== undefined && around.lowest <= end ? around : undefined;
  return { positions, outer, lowest: Math.min(first, outer?.lowest ?? first), end };
}
