import type { HeaderList } from './headers.js';

/** The head of a request under way. Filters and the router edit it in place. */
export interface RequestHead {
  /** As sent: methods are case-sensitive. */
  method: string;
  /** The request target with its query string, `:path` in Envoy's words. */
  path: string;
  /** The `Host` header, `:authority` in Envoy's words. It is not in `headers`. */
  authority: string;
  headers: HeaderList;
}

/** The head of a response under way. */
export interface ResponseHead {
  status: number;
  headers: HeaderList;
}
