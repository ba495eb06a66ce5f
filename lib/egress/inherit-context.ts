import { readDecimal } from '../base/decimal.js';
import type { ActiveStream } from '../downstream/active-stream.js';
import type { ContextPolicy } from '../http/context-policy.js';
import { getHeader, type HeaderList, hasHeader } from '../http/headers.js';
import type { RequestContext } from '../http/request-context.js';

/**
 * Has a call take over what it is made for: ids and trace, and the deadline. What the application says
 * itself in the headers of the call, it means. Called before the call begins.
 */
export function inheritContext(
  context: RequestContext,
  policy: ContextPolicy | undefined,
  headers: HeaderList,
  stream: ActiveStream,
): void {
  if (policy?.headers === true) {
    const trace = context.addIdsTo(headers);
    if (trace !== undefined && hasHeader(headers, 'upgrade')) {
      // A handshake has no span, which the trace would have to wait for.
      headers.push(...trace);
    } else {
      stream.inheritedTrace = trace;
    }
  }
  if (policy?.deadline === true && !hasOwnTimeout(headers)) {
    stream.deadline = context.deadline;
  }
}

/** What the router would not understand is no time-out. */
function hasOwnTimeout(headers: HeaderList): boolean {
  return readDecimal(getHeader(headers, 'x-envoy-upstream-rq-timeout-ms') ?? '') !== undefined;
}
