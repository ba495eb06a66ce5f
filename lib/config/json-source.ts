import { JsonParser, type KeyProblem, type OffsetsByContainer } from './json-parser.js';
import type { JsonPath } from './json-path.js';
import { formatPosition, JsonSyntaxError, LineIndex, positionAt } from './json-syntax-error.js';
import type { PlacedMessage } from './problem-collector.js';

/** Larger than any configuration that a person or a generator writes. */
const maxSourceBytes = 64 * 1024 * 1024;

/** What reading a text gave: a document, or the one reason why it is none. */
export type JsonSource =
  | { readonly document: JsonDocument; readonly problem?: never }
  | { readonly document?: never; readonly problem: string };

/** A value read from JSON text, that can tell at which line and column each part of it stands. */
export class JsonDocument {
  readonly value: unknown;
  /** Keys that stand twice in an object, or that are forbidden. */
  readonly keyProblems: readonly PlacedMessage[];
  readonly #text: string;
  #lines: LineIndex | undefined;
  #located: { readonly value: unknown; readonly offsets: OffsetsByContainer } | undefined;

  constructor(text: string) {
    this.#text = text;
    const parser = new JsonParser(text);
    this.value = parser.parse();
    this.keyProblems = parser.keyProblems.map((problem) => ({
      path: [...problem.path, problem.key],
      message: this.#describeKeyProblem(problem),
    }));
  }

  /**
   * The place of a value, as `line 3, column 5`; that of its key if it is a member. A path that
   * does not exist gives the place of the innermost container that does.
   */
  locate(path: JsonPath): string {
    return this.#formatOffset(this.#offsetOf(path));
  }

  #formatOffset(offset: number): string {
    this.#lines ??= new LineIndex(this.#text);
    return formatPosition(this.#lines.positionAt(offset));
  }

  #offsetOf(path: JsonPath): number {
    const { value, offsets } = this.#locateAll();
    let offset = this.#text.search(/\S/);
    let container = value;
    for (const segment of path) {
      const members =
        typeof container === 'object' && container !== null ? offsets.get(container) : undefined;
      const memberOffset = members?.get(segment);
      if (memberOffset === undefined) {
        break;
      }
      offset = memberOffset;
      // Segment and container fit: the parser noted an offset for exactly this member.
      container = (container as Readonly<Record<string | number, unknown>>)[segment];
    }
    return offset;
  }

  /** Offsets are only needed when there is a problem, so they cost a second reading, then. */
  #locateAll(): { readonly value: unknown; readonly offsets: OffsetsByContainer } {
    if (this.#located === undefined) {
      const offsets: OffsetsByContainer = new Map();
      this.#located = { value: new JsonParser(this.#text, offsets).parse(), offsets };
    }
    return this.#located;
  }

  #describeKeyProblem({ kind, offset }: KeyProblem): string {
    return kind === 'forbidden'
      ? 'this key is refused, as JavaScript gives it a meaning of its own'
      : `this key stands twice in its object, here and at ${this.#formatOffset(offset)}; ` +
          'remove one of them';
  }
}

/** Reads JSON text. The problem is a whole sentence, with line and column where that helps. */
export function readJsonSource(source: string | Uint8Array): JsonSource {
  if (source.length > maxSourceBytes) {
    return {
      problem: `the text is larger than ${maxSourceBytes} bytes, which no configuration is`,
    };
  }
  const decoded = typeof source === 'string' ? { text: source } : decodeUtf8(source);
  if (decoded.text === undefined) {
    return decoded;
  }
  const { text } = decoded;
  if (text.startsWith('\ufeff')) {
    return { problem: 'the text begins with a byte order mark; save it as UTF-8 without one' };
  }
  if (text.trim() === '') {
    return { problem: `the text is empty; expected a JSON object, beginning with {` };
  }
  if (/^\s*(?:---|#|%YAML|[\w-]+:(?:\s|$))/.test(text)) {
    return { problem: 'the text looks like YAML; only JSON is read, so write it as JSON' };
  }
  try {
    return { document: new JsonDocument(text) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      return { problem: `${formatPosition(positionAt(text, error.offset))}: ${error.message}` };
    }
    throw error;
  }
}

type DecodedText = { readonly text: string } | { readonly text?: never; readonly problem: string };

function decodeUtf8(bytes: Uint8Array): DecodedText {
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
    const place = formatPosition(positionAt(lenient, lenient.indexOf('\ufffd')));
    return { problem: `${place}: these bytes are not UTF-8; save the text as UTF-8` };
  }
}
