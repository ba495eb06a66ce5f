/** Frames between the caller of this function and `https.request`, with some to spare. */
const maxFrames = 6;

/**
 * Whether the call comes from `https.request`: the port of a request is taken from its agent, which
 * is not told for which of the two protocols it is asked.
 *
 * It is an answer to act upon, not to rely upon: false where the properties that it needs are frozen.
 * The agent sees the protocol when it gets the request, and sets right what has come of it.
 */
export function calledByHttps(): boolean {
  const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
  const prepare = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  try {
    Error.stackTraceLimit = maxFrames;
    Error.prepareStackTrace = (_error, frames) =>
      frames.some((frame) => frame.getFileName() === 'node:https');
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, calledByHttps);
    return holder.stack === true;
  } catch {
    // Where these properties are frozen.
    return false;
  } finally {
    restore('stackTraceLimit', limit);
    restore('prepareStackTrace', prepare);
  }
}

function restore(name: string, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) {
    Reflect.deleteProperty(Error, name);
  } else {
    // Returns false where the property is frozen, and so has not been changed.
    Reflect.defineProperty(Error, name, descriptor);
  }
}
