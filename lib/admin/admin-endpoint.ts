import type { AdminContext } from './admin-context.js';

/** What an endpoint answers. */
export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  /**
   * The body in pieces, made while they are sent: thousands of clusters make many lines, and the
   * process has other work to do in between.
   */
  readonly body: Iterable<string>;
}

/** One path of the admin server: reference 9. */
export interface AdminEndpoint {
  readonly path: string;
  /** What it does, for the list of paths. */
  readonly help: string;
  /** Whether asking for it changes something. */
  readonly isMutation: boolean;
  /** Answers a request. `query` is what stood behind the question mark. */
  reply(context: AdminContext, query: URLSearchParams): AdminReply;
}

/** Returns a reply in plain text. */
export function textReply(status: number, body: Iterable<string>): AdminReply {
  return { status, contentType: 'text/plain; charset=UTF-8', body };
}

/** Returns a reply in JSON; `body` is the JSON text. */
export function jsonReply(body: Iterable<string>): AdminReply {
  return { status: 200, contentType: 'application/json', body };
}
