/** The bytes that have a part in the syntax of HTTP/1 (RFC 9112). */
export const tab = 0x09;
export const lf = 0x0a;
export const cr = 0x0d;
export const space = 0x20;
export const doubleQuote = 0x22;
export const comma = 0x2c;
export const digitZero = 0x30;
export const digitNine = 0x39;
export const colon = 0x3a;
export const semicolon = 0x3b;
export const equalsSign = 0x3d;
export const backslash = 0x5c;
const del = 0x7f;

const tokenCharacters =
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** By byte: 1 if it may stand in a token (RFC 9110, 5.6.2), such as the name of a header. */
export const tokenTable: Uint8Array = new Uint8Array(256);
for (let i = 0; i < tokenCharacters.length; i++) {
  tokenTable[tokenCharacters.charCodeAt(i)] = 1;
}

/** Returns the byte at `index`, which the caller keeps below `chunk.length`. */
export function byteAt(chunk: Uint8Array, index: number): number {
  // The type allows for an index out of range, which the contract above excludes.
  return chunk[index] as number;
}

/** Whether `byte` may stand in a token. */
export function isTokenByte(byte: number): boolean {
  return tokenTable[byte] === 1;
}

/** Whether `byte` may stand in a header value (RFC 9110, 5.5): no control character but tab. */
export function isFieldByte(byte: number): boolean {
  return byte >= space ? byte !== del : byte === tab;
}

/** Whether `byte` is optional whitespace (RFC 9110, 5.6.3). */
export function isOptionalWhitespace(byte: number): boolean {
  return byte === space || byte === tab;
}

/** Whether `byte` is one of the digits 0 to 9. */
export function isDigit(byte: number): boolean {
  return byte >= digitZero && byte <= digitNine;
}

/** Returns the value of a hexadecimal digit in either case, or -1. */
export function hexValue(byte: number): number {
  if (isDigit(byte)) {
    return byte - digitZero;
  }
  const lowerCase = byte | 0x20;
  return lowerCase >= 0x61 && lowerCase <= 0x66 ? lowerCase - 0x57 : -1;
}

/** Whether all of `text` is one token. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (!isTokenByte(text.charCodeAt(i))) {
      return false;
    }
  }
  return text.length > 0;
}

/** Returns `text[start, end)` without optional whitespace around it. */
export function trimWhitespace(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isOptionalWhitespace(text.charCodeAt(from))) {
    from++;
  }
  while (to > from && isOptionalWhitespace(text.charCodeAt(to - 1))) {
    to--;
  }
  return text.substring(from, to);
}

/** Returns where the optional whitespace that stands at `start` ends; at most `end`. */
export function skipWhitespace(chunk: Uint8Array, start: number, end: number): number {
  let pos = start;
  while (pos < end && isOptionalWhitespace(byteAt(chunk, pos))) {
    pos++;
  }
  return pos;
}

/** Returns where the optional whitespace that stands before `end` begins; at least `start`. */
export function skipWhitespaceBack(chunk: Uint8Array, start: number, end: number): number {
  let pos = end;
  while (pos > start && isOptionalWhitespace(byteAt(chunk, pos - 1))) {
    pos--;
  }
  return pos;
}

/** Returns where the first byte from `start` stands that no header value may have; at most `end`. */
export function skipFieldBytes(chunk: Uint8Array, start: number, end: number): number {
  let pos = start;
  while (pos < end && isFieldByte(byteAt(chunk, pos))) {
    pos++;
  }
  return pos;
}
