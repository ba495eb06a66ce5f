import { until } from './until.js';

const watchedKinds = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'Timeout', 'FSReqPromise'];

/** What keeps this process alive, by kind. */
export type Handles = ReadonlyMap<string, number>;

/** Counts what keeps this process alive. */
export function countHandles(): Handles {
  const active = process.getActiveResourcesInfo();
  return new Map(watchedKinds.map((kind) => [kind, active.filter((name) => name === kind).length]));
}

/** Fails unless everything that has come since `before` is gone: sockets, servers, timers. */
export async function assertNothingLeft(before: Handles): Promise<void> {
  await until(
    () => [...countHandles()].every(([kind, count]) => count <= (before.get(kind) ?? 0)),
    `nothing is left of ${process.getActiveResourcesInfo().join(', ')}`,
  );
}
