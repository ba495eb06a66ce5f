/**
 * Returns whether a value is a promise, where none is expected. What becomes of it is not of interest;
 * but if it were rejected, and nobody listened, the process would end.
 */
export function swallowPromise(value: unknown): boolean {
  const isPromise =
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function';
  if (isPromise) {
    // It has a `then`, which is all that this needs.
    Promise.resolve(value as PromiseLike<unknown>).catch(() => {});
  }
  return isPromise;
}
