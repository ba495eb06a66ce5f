import type { JsonPath } from './json-path.js';
import { LineIndex, positionAt, type TextPosition } from './json-syntax-error.js';
import type { PlacedMessage } from './problem-collector.js';
import { describeKeyProblem, type SourceDocument, type SourceResult } from './source-document.js';
import { readSourceText } from './source-text.js';
import { composeYaml } from './yaml-composer.js';
import { findOffset, type OffsetsByContainer } from './yaml-offsets.js';
import { YamlSyntaxError } from './yaml-syntax-error.js';
import { YamlValueReader } from './yaml-value-reader.js';

/**
 * A value read from YAML text, as the core schema of YAML 1.2 has it: `yes`, `no`, `on` and `off`
 * are strings.
 */
class YamlDocument implements SourceDocument {
  readonly value: unknown;
  readonly keyProblems: readonly PlacedMessage[];
  readonly #lines: LineIndex;
  readonly #rootOffset: number;
  readonly #offsets: OffsetsByContainer;

  constructor(text: string, rootOffset: number, value: unknown, reader: YamlValueReader) {
    this.value = value;
    this.#lines = new LineIndex(text);
    this.#rootOffset = rootOffset;
    this.#offsets = reader.offsets;
    this.keyProblems = reader.keyProblems.map(({ kind, path, key, offset }) => ({
      path: [...path, key],
      message: describeKeyProblem(kind, this.#lines.positionAt(offset)),
    }));
  }

  positionOf(path: JsonPath): TextPosition {
    return this.#lines.positionAt(findOffset(this.value, this.#rootOffset, this.#offsets, path));
  }

  positionsOf(paths: readonly JsonPath[]): TextPosition[] {
    return paths.map((path) => this.positionOf(path));
  }
}

/**
 * Reads YAML text. The YAML library is loaded by the first call, so that nobody pays for it who
 * has JSON only.
 */
export async function readYamlSource(source: string | Uint8Array): Promise<SourceResult> {
  const decoded = readSourceText(source);
  if (decoded.text === undefined) {
    return decoded;
  }
  const { text } = decoded;
  const yaml = await import('yaml');
  try {
    const root = composeYaml(yaml, text);
    if (root === undefined) {
      return { problem: 'the text is empty; expected a YAML mapping, such as listeners: []' };
    }
    const reader = new YamlValueReader(yaml, text);
    const value = reader.read(root, 0);
    return { document: new YamlDocument(text, root.range[0], value, reader) };
  } catch (error) {
    if (error instanceof YamlSyntaxError) {
      return { problem: error.message, ...positionAt(text, error.offset) };
    }
    throw error;
  }
}
