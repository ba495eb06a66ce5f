import { AsyncResource } from 'node:async_hooks';

/** Belongs to no request, as modules are loaded before there are any. */
const origin: AsyncResource = new AsyncResource('PILLION');

/**
 * Calls `open`, which makes what outlives the request that happens to need it first: a connection, a
 * timer that many share. What they call back later would otherwise run in the asynchronous context
 * of that one request, on behalf of all the others, and keep it in memory.
 */
export function runDetached<T>(open: () => T): T {
  return origin.runInAsyncScope(open);
}
