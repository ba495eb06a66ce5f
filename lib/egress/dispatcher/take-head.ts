import type { Duplex } from 'node:stream';

const headEnd = '\r\n\r\n';

/**
 * Takes the head of a response off a stream, and calls back when it has come: what stands behind it
 * is left for the next reader. Heads are written by us, so there is no limit to them.
 */
export function takeHead(stream: Duplex, onTaken: () => void): void {
  let kept: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    // Of bytes, as no encoding has been set.
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) {
      return;
    }
    kept = Buffer.concat([kept, chunk]);
    const end = kept.indexOf(headEnd);
    if (end === -1) {
      return;
    }
    stream.removeListener('readable', onReadable);
    const rest = kept.subarray(end + headEnd.length);
    if (rest.length > 0) {
      stream.unshift(rest);
    }
    onTaken();
  };
  stream.on('readable', onReadable);
}
