/**
 * Why something cannot be translated. Thrown within this folder, where a message may nest a hundred
 * levels deep, and caught by `attempt`: nobody outside of it has to catch anything.
 */
export class TranscodingError extends Error {
  override readonly name: string = 'TranscodingError';
}

/** Returns what `translate` returns, or the error that it throws. */
export function attempt<T>(translate: () => T): T | TranscodingError {
  try {
    return translate();
  } catch (error) {
    if (error instanceof TranscodingError) {
      return error;
    }
    throw error;
  }
}
