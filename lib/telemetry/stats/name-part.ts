/** Whatever would not stand in one word of one line. */
const unprintable = /[^\x21-\x7e]/g;

/**
 * Returns text that a peer has chosen as a part of the name of a statistic. Statistics are shown one
 * to a line, so that a line break among them would let the peer write lines of its own.
 */
export function toNamePart(text: string): string {
  return text.replace(unprintable, '_');
}
