import { toByteString } from '../base/byte-string.js';
import type { ForwardActionConfig } from '../config/route-action-config.js';
import type { PathMatchConfig } from '../config/route-match-config.js';
import { removeHeader, setHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import type { HeaderAdditions, HeaderVariables } from './header-additions.js';
import { withoutQuery } from './path-condition.js';

/**
 * Makes of a request what the host gets: reference 2.9. Headers are added first, then the host is
 * rewritten, then the path, so that the last two win over what was added.
 */
export class RequestRewriter {
  readonly #additions: HeaderAdditions;
  readonly #host: string | undefined;
  readonly #path: ((path: string) => string) | undefined;

  private constructor(
    additions: HeaderAdditions,
    host: string | undefined,
    path: ((path: string) => string) | undefined,
  ) {
    this.#additions = additions;
    this.#host = host;
    this.#path = path;
  }

  /** Returns `undefined` for a route that changes nothing, so that it costs nothing. */
  static create(
    match: PathMatchConfig,
    action: ForwardActionConfig,
    additions: HeaderAdditions,
  ): RequestRewriter | undefined {
    const { hostRewrite, prefixRewrite } = action;
    // Envoy takes an empty text for none, of both.
    const host = hostRewrite === '' ? undefined : hostRewrite;
    const path = prefixRewrite ? createPathRewrite(match, prefixRewrite) : undefined;
    return additions.isEmpty && host === undefined && path === undefined
      ? undefined
      : new RequestRewriter(additions, host === undefined ? host : toByteString(host), path);
  }

  apply(head: RequestHead, variables: HeaderVariables): void {
    this.#additions.addTo(head.headers, variables);
    if (this.#host !== undefined) {
      head.authority = this.#host;
      // One that was added, or that the application has set on its own request, would win over it.
      removeHeader(head.headers, 'host');
    }
    if (this.#path !== undefined) {
      setHeader(head.headers, 'x-envoy-original-path', head.path);
      head.path = this.#path(head.path);
    }
  }
}

/** Replaces the matched part of a path; the rest, query string included, stays: reference 2.6.4. */
function createPathRewrite(
  match: PathMatchConfig,
  prefixRewrite: string,
): ((path: string) => string) | undefined {
  const rewrite = toByteString(prefixRewrite);
  switch (match.kind) {
    case 'prefix':
      return replaceStart(toByteString(match.prefix).length, rewrite);
    case 'path':
      return replaceStart(toByteString(match.path).length, rewrite);
    case 'regex':
      return (path) => rewrite + path.slice(withoutQuery(path).length);
  }
}

function replaceStart(length: number, rewrite: string): (path: string) => string {
  return (path) => rewrite + path.slice(length);
}
