import { versions } from 'node:process';

/**
 * Codings that `fetch` takes off a body, and leaves in the headers. It does so only if it knows all
 * codings of the body. The one of the last entry came with the release 7 of what is built in.
 */
const removedCodings: ReadonlySet<string> = new Set([
  'gzip',
  'x-gzip',
  'deflate',
  'br',
  ...(Number.parseInt(versions['undici'] ?? '', 10) >= 7 ? ['zstd'] : []),
]);

const ofBody = ['content-encoding', 'content-length'];

/**
 * Returns the headers that a handler does not mean when it passes on what `fetch` has given it:
 * coding and length of a body that is no longer encoded. None, if the response is its own.
 */
export function headersNotMeant(response: Response): readonly string[] {
  // Only a response of `fetch` has come from somewhere.
  if (typeof response.url !== 'string' || response.url === '') {
    return [];
  }
  const coding = response.headers.get('content-encoding');
  return coding !== null && isRemoved(coding) ? ofBody : [];
}

function isRemoved(coding: string): boolean {
  return coding
    .toLowerCase()
    .split(',')
    .every((part) => removedCodings.has(part.trim()));
}
