import { positionAt, type TextPosition } from './json-syntax-error.js';

/** Larger than any configuration that a person or a generator writes. */
const maxSourceBytes = 32 * 1024 * 1024;

/** The text of a source, or the reason why it cannot be read as text. */
export type SourceText =
  | { readonly text: string; readonly problem?: never }
  | ({ readonly text?: never; readonly problem: string } & Partial<TextPosition>);

/**
 * Turns a source of any notation into text, which is UTF-8 if it comes as bytes. Refuses a source
 * that is too large, a wrong encoding and a byte order mark.
 */
export function readSourceText(source: string | Uint8Array): SourceText {
  if (source.length > maxSourceBytes) {
    return {
      problem: `the text is larger than ${maxSourceBytes} bytes, which no configuration is`,
    };
  }
  const decoded: SourceText = typeof source === 'string' ? { text: source } : decodeUtf8(source);
  return decoded.text?.startsWith('\ufeff')
    ? { problem: 'the text begins with a byte order mark; save it as UTF-8 without one' }
    : decoded;
}

function decodeUtf8(bytes: Uint8Array): SourceText {
  // Text that begins with an ASCII character has a zero byte in the first two only in UTF-16.
  const isUtf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) ||
    (bytes[0] === 0xfe && bytes[1] === 0xff) ||
    (bytes.length >= 2 && (bytes[0] === 0) !== (bytes[1] === 0));
  if (isUtf16) {
    return { problem: 'the text is encoded as UTF-16; save it as UTF-8' };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    // The lenient decoder puts U+FFFD where the strict one gives up.
    const lenient = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    return {
      problem: 'these bytes are not UTF-8; save the text as UTF-8',
      ...positionAt(lenient, lenient.indexOf('\ufffd')),
    };
  }
}
