/**
 * Throws what a listener of the application has thrown, but not to whoever has called it: there it
 * would end requests that have nothing to do with it. As with a real socket, it becomes an uncaught
 * exception, which is the application's to handle.
 */
export function throwAside(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
