import type { ContextMiddleware } from '../egress/inbound-context.js';
import { checkSidecar } from '../integration/sidecar-source.js';
import type { Sidecar } from '../sidecar.js';

/**
 * Returns a middleware `(request, response, next)` for Express, Connect, Polka and their like:
 * `app.use(pillion(sidecar))`, in front of all that calls other services. Every call that is made
 * behind it, by whatever door of the sidecar, is made on behalf of the request that is served: it
 * carries the ids and the trace of that request, and ends with its time. The sidecar is
 * `request.sidecar` there.
 *
 * An application that the same sidecar mounts has all but the last without it; there it does not do
 * the work again. Throws `SIDECAR_OPTION_INVALID` for what is no sidecar.
 */
export function pillion(sidecar: Sidecar): ContextMiddleware {
  checkSidecar(sidecar, 'the argument of pillion()');
  const propagate = sidecar.contextMiddleware();
  return (request, response, next) => {
    Object.assign(request, { sidecar });
    propagate(request, response, next);
  };
}
