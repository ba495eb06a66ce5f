/** Whether a text may be the name of a header: a token of RFC 9110. */
export function isHeaderName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(text);
}

/** Whether a text may be the value of a header: no control characters. It is sent as UTF-8. */
export function isHeaderValue(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  return !/[\x00-\x08\x0a-\x1f\x7f]/.test(text);
}

/**
 * Whether a text may be the value of a header as the codecs write it, a byte a character. A character
 * that is none would be cut down to its last byte, which may be a line break.
 */
export function isHeaderBytes(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}
