import type { ConnectionManagerTracingConfig } from '../config/connection-manager-config.js';
import { getHeader, type HeaderList, removeHeader, setHeader } from '../http/headers.js';

/** By which two proxies tell each other what the span of a request is to be called. */
const operationHeader = 'x-envoy-decorator-operation';

/** Whether the requests of a listener come in or go out. */
type Direction = ConnectionManagerTracingConfig['operationName'];

/** What the operation of a request is called. */
export interface HandedOperation {
  /** By our own span; `undefined` for its default name. */
  readonly span: string | undefined;
  /** By the response; `undefined` if it is to name none. */
  readonly response: string | undefined;
}

/**
 * Hands on the operation of a traced request, by its headers: reference 5.9. `operation` is that of
 * the route, empty or `undefined` if it has none.
 *
 * What goes out tells the next proxy. What comes in may carry the operation of the proxy before;
 * only if it does not, that one is told ours.
 */
export function handOverOperation(
  headers: HeaderList,
  operation: string | undefined,
  direction: Direction,
): HandedOperation {
  const ours = operation === '' ? undefined : operation;
  if (direction === 'egress') {
    if (ours !== undefined) {
      setHeader(headers, operationHeader, ours);
    }
    return { span: ours, response: undefined };
  }
  const theirs = getHeader(headers, operationHeader);
  if (theirs !== undefined) {
    removeHeader(headers, operationHeader);
    if (theirs !== '') {
      return { span: theirs, response: undefined };
    }
  }
  return { span: ours, response: ours };
}

/**
 * Does the same for the response; `operation` is what `handOverOperation` has returned for it.
 * Returns what our own span is to be called in the end, if the next proxy has named it.
 */
export function nameOperation(
  headers: HeaderList,
  operation: string | undefined,
  direction: Direction,
): string | undefined {
  if (direction === 'egress') {
    const theirs = getHeader(headers, operationHeader);
    if (theirs !== undefined) {
      // It was for us.
      removeHeader(headers, operationHeader);
    }
    return theirs === '' ? undefined : theirs;
  }
  if (operation !== undefined) {
    setHeader(headers, operationHeader, operation);
  }
  return undefined;
}
