/** A character that is not one byte. */
const wideCharacters = /[\u0100-\uffff]+/g;
const isWide = /[\u0100-\uffff]/;
const isNotAscii = /[\u0080-\uffff]/;

/**
 * Returns `text` in UTF-8, as a byte string: each character stands for one byte.
 *
 * Headers come from the codecs as byte strings, whatever their bytes mean. The access log is made of
 * such strings throughout, so that a peer's bytes reach the file unchanged and the length of a line
 * is its size. Text from the configuration is brought into this form by this function.
 */
export function toByteString(text: string): string {
  return isNotAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/**
 * Returns the bytes of a byte string. Characters that are none, which only a header of the
 * application's own making can hold, are written in UTF-8; cutting them down to a byte could turn
 * one of them into a line break.
 */
export function bytesOf(byteString: string): Buffer {
  const narrow = isWide.test(byteString)
    ? byteString.replace(wideCharacters, (wide) => toByteString(wide))
    : byteString;
  return Buffer.from(narrow, 'latin1');
}

/** Returns what a byte string says, if its bytes are UTF-8; else the byte string. */
export function fromByteString(byteString: string): string {
  if (!isNotAscii.test(byteString) || isWide.test(byteString)) {
    return byteString;
  }
  const text = Buffer.from(byteString, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? byteString : text;
}
