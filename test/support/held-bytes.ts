import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Returns how many bytes of buffers the process holds: those that nobody refers to do not count. */
export function heldBytes(): number {
  collectGarbage();
  // Buffers are freed behind a collection, on another thread; the next one waits for that.
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** Returns how many bytes of the JavaScript heap are held, likewise. */
export function heldHeapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
