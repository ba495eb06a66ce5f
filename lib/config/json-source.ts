import { JsonParser } from './json-parser.js';
import type { JsonPath } from './json-path.js';
import { JsonSyntaxError, LineIndex, positionAt, type TextPosition } from './json-syntax-error.js';
import { PlaceTree } from './place-tree.js';
import type { PlacedMessage } from './problem-collector.js';
import { describeKeyProblem, type SourceDocument, type SourceResult } from './source-document.js';
import { readSourceText } from './source-text.js';

/** A value read from JSON text, that can tell at which line and column each part of it stands. */
export class JsonDocument implements SourceDocument {
  readonly value: unknown;
  readonly keyProblems: readonly PlacedMessage[];
  readonly #text: string;
  #lines: LineIndex | undefined;

  constructor(text: string) {
    this.#text = text;
    const parser = new JsonParser(text);
    this.value = parser.parse();
    this.keyProblems = parser.keyProblems.map(({ kind, path, key, offset }) => ({
      path: [...path, key],
      message: describeKeyProblem(kind, this.#positionAt(offset)),
    }));
  }

  positionOf(path: JsonPath): TextPosition {
    const [position = { line: 1, column: 1 }] = this.positionsOf([path]);
    return position;
  }

  /** Places are only needed when there are problems, so they cost a second reading, then. */
  positionsOf(paths: readonly JsonPath[]): TextPosition[] {
    const places = new PlaceTree();
    for (const path of paths) {
      places.add(path);
    }
    new JsonParser(this.#text, places).parse();
    const rootOffset = this.#text.search(/\S/);
    return paths.map((path) => this.#positionAt(places.offsetOf(path, rootOffset)));
  }

  #positionAt(offset: number): TextPosition {
    this.#lines ??= new LineIndex(this.#text);
    return this.#lines.positionAt(offset);
  }
}

/** Reads JSON text. */
export function readJsonSource(source: string | Uint8Array): SourceResult<JsonDocument> {
  const decoded = readSourceText(source);
  if (decoded.text === undefined) {
    return decoded;
  }
  const { text } = decoded;
  if (text.trim() === '') {
    return { problem: 'the text is empty; expected a JSON object, beginning with {' };
  }
  if (/^\s*(?:---|#|%YAML|[\w-]+:(?:\s|$))/.test(text)) {
    return {
      problem:
        'the text looks like YAML; give the file a name that ends in .yaml, or write it as JSON',
    };
  }
  try {
    return { document: new JsonDocument(text) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      return { problem: error.message, ...positionAt(text, error.offset) };
    }
    throw error;
  }
}
