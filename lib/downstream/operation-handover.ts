import type { ConnectionManagerTracingConfig } from '../config/connection-manager-config.js';
import { getHeader, type HeaderList, removeHeader, setHeader } from '../http/headers.js';

/** By which two proxies tell each other what the span of a request is to be called. */
const operationHeader = 'x-envoy-decorator-operation';

/** Whether the requests of a listener come in or go out. */
type Direction = ConnectionManagerTracingConfig['operationName'];

/**
 * Hands on the operation of a traced request, by its headers: reference 5.9. `operation` is that of
 * the route, empty or `undefined` if it has none. Returns the one that the response is to name.
 *
 * What goes out tells the next proxy. What comes in may carry the operation of the proxy before;
 * only if it does not, that one is told ours.
 */
export function handOverOperation(
  headers: HeaderList,
  operation: string | undefined,
  direction: Direction,
): string | undefined {
  const ours = operation === '' ? undefined : operation;
  if (direction === 'egress') {
    if (ours !== undefined) {
      setHeader(headers, operationHeader, ours);
    }
    return undefined;
  }
  const theirs = getHeader(headers, operationHeader);
  if (theirs === undefined) {
    return ours;
  }
  removeHeader(headers, operationHeader);
  return theirs === '' ? ours : undefined;
}

/** Does the same for the response; `operation` is what `handOverOperation` has returned. */
export function nameOperation(
  headers: HeaderList,
  operation: string | undefined,
  direction: Direction,
): void {
  if (direction === 'egress') {
    // It was for us.
    removeHeader(headers, operationHeader);
  } else if (operation !== undefined) {
    setHeader(headers, operationHeader, operation);
  }
}
