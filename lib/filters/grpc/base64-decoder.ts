const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const padding = '='.charCodeAt(0);
/** What stands in `sextets` for a byte that is no character of base64, padding included. */
const invalid = 255;
const sextets = createTable();
const noBytes = Buffer.alloc(0);

/**
 * Reads base64 that comes in pieces cut anywhere. There may be padding in the middle: clients that
 * stream write the base64 of one message behind that of another.
 *
 * It is as strict as Envoy: no line breaks, no letters of the URL-safe alphabet, padding where it
 * belongs, and no bits set that stand for nothing.
 */
export class Base64Decoder {
  /** At most three characters of a group that is not complete. */
  #rest: Buffer = noBytes;

  /** Whether all groups so far are complete, so that the text may end here. */
  get isAtBoundary(): boolean {
    return this.#rest.length === 0;
  }

  /** Returns the bytes of all groups that are complete, or `undefined` if this is no base64. */
  decode(chunk: Buffer): Buffer | undefined {
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = text.length - (text.length % 4);
    // A copy: the piece that it was cut from can be large.
    this.#rest = end === text.length ? noBytes : Buffer.from(text.subarray(end));
    return end === 0 ? noBytes : decodeGroups(text, end);
  }
}

/** Decodes whole groups of four. */
function decodeGroups(text: Buffer, end: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe((end / 4) * 3);
  let length = 0;
  for (let i = 0; i < end; i += 4) {
    const a = sextetAt(text, i);
    const b = sextetAt(text, i + 1);
    const c = sextetAt(text, i + 2);
    const d = sextetAt(text, i + 3);
    if ((a | b | c | d) < 64) {
      bytes[length++] = (a << 2) | (b >> 4);
      bytes[length++] = ((b & 15) << 4) | (c >> 2);
      bytes[length++] = ((c & 3) << 6) | d;
      continue;
    }
    if ((a | b) >= 64 || text[i + 3] !== padding) {
      return undefined;
    }
    bytes[length++] = (a << 2) | (b >> 4);
    if (c < 64 && (c & 3) === 0) {
      bytes[length++] = ((b & 15) << 4) | (c >> 2);
    } else if (text[i + 2] !== padding || (b & 15) !== 0) {
      return undefined;
    }
  }
  return bytes.subarray(0, length);
}

function sextetAt(text: Buffer, index: number): number {
  // There are 256 entries, and the index is below the length.
  return sextets[text[index] as number] as number;
}

function createTable(): Uint8Array {
  const table = new Uint8Array(256).fill(invalid);
  for (let i = 0; i < alphabet.length; i++) {
    table[alphabet.charCodeAt(i)] = i;
  }
  return table;
}
