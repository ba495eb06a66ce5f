import { lowerCaseName } from '../../http/headers.js';
import { byteAt } from './http1-characters.js';

/** What the parser knows of a header's name. */
export interface FieldName {
  /** The name in lower case. */
  readonly lower: string;
  /** Whether the header says how the message is framed or whether the connection stays. */
  readonly isFraming: boolean;
  /** The bytes as they were sent, to recognize them by. */
  readonly bytes: Uint8Array;
}

const framingNames: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'proxy-connection',
  'transfer-encoding',
]);

/** Longer names are rare, and remembering them would let a peer fill the memory. */
const maxRememberedLength = 64;
const slotBits = 10;
const slotCount = 1 << slotBits;
const slots: (FieldName | undefined)[] = new Array<FieldName | undefined>(slotCount).fill(
  undefined,
);

/** Returns the start value of the hash over a name's bytes. */
export const emptyNameHash = 0;

/** Returns `hash` continued by one byte. */
export function hashNameByte(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/**
 * Returns the name that stands in `chunk[start, end)`, whose bytes hash to `hash`.
 *
 * Upstreams send the same few names over and over. Each is kept in one of the two slots that its
 * hash allows and compared byte by byte, which is cheaper than to cut out a string and look that up.
 * A third name for the two slots replaces the older: a peer that seeks collisions gains nothing.
 */
export function findFieldName(chunk: Buffer, start: number, end: number, hash: number): FieldName {
  const known = findKnownName(chunk, start, end, hash);
  if (known !== undefined) {
    return known;
  }
  const name = createFieldName(chunk.toString('latin1', start, end));
  if (end - start <= maxRememberedLength) {
    const slot = slotOf(hash);
    slots[slot ^ 1] = slots[slot];
    slots[slot] = name;
  }
  return name;
}

/** As `findFieldName`, but returns `undefined` for a name that is not remembered. */
export function findKnownName(
  chunk: Buffer,
  start: number,
  end: number,
  hash: number,
): FieldName | undefined {
  const slot = slotOf(hash);
  const newer = slots[slot];
  if (newer !== undefined && isSame(newer.bytes, chunk, start, end)) {
    return newer;
  }
  const older = slots[slot ^ 1];
  return older !== undefined && isSame(older.bytes, chunk, start, end) ? older : undefined;
}

/** Spreads a hash over the slots: the golden ratio's bits, as in Fibonacci hashing. */
function slotOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (32 - slotBits);
}

/** Returns what is to know of the name `raw`, spelled as it was sent. */
export function createFieldName(raw: string): FieldName {
  const lower = lowerCaseName(raw);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) {
    bytes[i] = raw.charCodeAt(i);
  }
  return { lower, isFraming: framingNames.has(lower), bytes };
}

function isSame(bytes: Uint8Array, chunk: Buffer, start: number, end: number): boolean {
  if (bytes.length !== end - start) {
    return false;
  }
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== byteAt(chunk, start + i)) {
      return false;
    }
  }
  return true;
}
