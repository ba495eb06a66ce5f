import { type BigIntStats, constants, fstat, open, type Stats } from 'node:fs';
import { promisify } from 'node:util';

const openDescriptor = promisify(open);
const statDescriptor = promisify(fstat);

/** Paths that mean a descriptor which the process has had from its start. */
const standardDescriptors: ReadonlyMap<string, 1 | 2> = new Map([
  ['/dev/stdout', 1],
  ['/dev/fd/1', 1],
  ['/proc/self/fd/1', 1],
  ['/dev/stderr', 2],
  ['/dev/fd/2', 2],
  ['/proc/self/fd/2', 2],
]);

/** Whether `path` is the process's own standard output or error output. */
export function isStandardStream(path: string): boolean {
  return standardDescriptors.has(path);
}

/**
 * Without `O_NONBLOCK` a pipe whose reader sleeps would hold a thread of Node's pool: name look-ups
 * and file access of the whole process would wait behind it, and `process.exit()` would not return.
 * Regular files ignore it. Windows does not know it, nor `O_NOCTTY`.
 */
const writeFlags = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
const appendFlags = writeFlags | constants.O_APPEND | constants.O_CREAT;

/**
 * Opens what `path` names for writing at its end; a file is created if its folder is there. Resolves
 * with the descriptor or with the error of the operating system, and never waits for a reader.
 *
 * A result of 1 or 2 belongs to the application and must not be closed.
 */
export async function openLogDescriptor(path: string): Promise<number | Error> {
  const standard = standardDescriptors.get(path);
  try {
    return standard === undefined
      ? await openDescriptor(path, appendFlags, 0o644)
      : await openStandardStream(standard);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function openStandardStream(standard: 1 | 2): Promise<number> {
  const stats = await statDescriptor(standard);
  if (stats.isFile()) {
    // The application writes here too. Only one and the same descriptor shares its position; by any
    // other, each would write over the lines of the other.
    return standard;
  }
  const own = stats.isSocket() ? undefined : await reopen(standard, stats);
  if (own !== undefined) {
    return own;
  }
  // There is no second way to a socket. Making the stream of it, as the first `console.log` does,
  // has Node.js set the descriptor to non-blocking, and set it back when the process exits.
  void (standard === 1 ? process.stdout : process.stderr);
  return standard;
}

/**
 * Opens a pipe or a terminal anew, so that it does not block us and is left as it is for everybody
 * else who has it. Resolves with `undefined` where that cannot be done: outside Linux, or when the
 * process has changed its user. Rejects if the pipe has no reader any more.
 */
async function reopen(standard: 1 | 2, stats: Stats | BigIntStats): Promise<number | undefined> {
  try {
    return await openDescriptor(`/proc/self/fd/${standard}`, writeFlags);
  } catch (error) {
    if (stats.isFIFO() && errorCode(error) === 'ENXIO') {
      throw error;
    }
    return undefined;
  }
}

/** Returns the code of an error of the operating system, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
