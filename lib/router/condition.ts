import type { RoutedRequest } from '../http/filter.js';

/** One thing that a request must be to take a route. */
export interface Condition {
  matches(request: RoutedRequest): boolean;
  /** What the condition asks for, as in `path begins with "/api"`. */
  describe(): string;
  /** What the request has in its place, as in `the path is "/x"`. */
  describeFound(request: RoutedRequest): string;
}
