import { SidecarError } from '../base/errors.js';
import { formatAddress } from '../config/address.js';

/**
 * Returns `error` with a second line that says what to change on the command line, if it says that
 * an address could not be bound; any other error as it is. The library can only name its options.
 */
export function addListenHint(error: unknown, describeHint: (failed: string) => string): unknown {
  if (!(error instanceof SidecarError) || error.code !== 'SIDECAR_LISTEN_FAILED') {
    return error;
  }
  const failed = readFailedAddress(error.cause);
  return failed === undefined
    ? error
    : new SidecarError(error.code, `${error.message}\n${describeHint(failed)}`, { cause: error });
}

/** The hint for `--listen-on`, of which `listenOn` holds what was said already. */
export function describeListenOn(
  failed: string,
  listenOn: Readonly<Record<string, string>>,
): string {
  const moved = Object.entries(listenOn).find(([, to]) => to === failed);
  return moved === undefined
    ? `To bind another one, add --listen-on ${failed}=tcp://127.0.0.1:8080 or the like.`
    : `Choose another one in --listen-on ${moved[0]}=${failed}.`;
}

/** The address that the system refused, as a URL. */
function readFailedAddress(cause: unknown): string | undefined {
  // Node.js adds these to the errors of listen().
  const { address, port } = (cause ?? {}) as { address?: unknown; port?: unknown };
  return typeof address === 'string' && typeof port === 'number'
    ? formatAddress({ kind: 'tcp', host: address, port })
    : undefined;
}
