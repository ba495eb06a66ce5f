import { ConfigError, type ConfigProblem } from '../base/errors.js';
import { type Config, parseDocument } from './config.js';
import { formatJsonPath } from './json-path.js';
import { type JsonDocument, readJsonSource } from './json-source.js';
import { type PlacedMessage, ProblemCollector, type UnsupportedMode } from './problem-collector.js';

/** How a document is parsed. */
export interface ParseConfigOptions {
  /** What messages call the document: the path of its file, or words such as "the config option". */
  readonly source: string;
  /**
   * What a key does that is known but not supported: `error` refuses the document; `warn` leaves
   * the key out, with all that would be wrong without it, and says so in a warning.
   */
  readonly unsupported: UnsupportedMode;
}

/** A configuration, and what its author should know although it can be used. */
export interface ParsedConfig {
  readonly config: Config;
  /** In document order. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Checks a v1 document and fills in every default. The result is deeply frozen and shares nothing
 * with `value`.
 *
 * Throws a `ConfigError` with every problem, in document order; nothing else, unless `value` has
 * accessors that throw.
 */
export function parseConfig(value: unknown, options: ParseConfigOptions): ParsedConfig {
  return parse(value, options);
}

/**
 * Checks the text of a v1 document, as `parseConfig` does; problems also tell line and column.
 * The text is JSON, in UTF-8 if it comes as bytes.
 */
export function parseConfigText(
  text: string | Uint8Array,
  options: ParseConfigOptions,
): ParsedConfig {
  const { document, problem } = readJsonSource(text);
  if (problem !== undefined) {
    throw new ConfigError([{ path: '', message: problem }], options.source);
  }
  return parse(document.value, options, document);
}

function parse(value: unknown, options: ParseConfigOptions, document?: JsonDocument): ParsedConfig {
  const collector = new ProblemCollector(options.unsupported);
  for (const { path, message } of document?.keyProblems ?? []) {
    collector.problem(path, message);
  }
  const config = parseDocument(value, collector);
  const toProblem = ({ path, message }: PlacedMessage): ConfigProblem => ({
    path: formatJsonPath(path),
    message: document === undefined ? message : `${message} (${document.locate(path)})`,
  });
  if (config === undefined || collector.hasProblems) {
    throw new ConfigError(collector.problemsIn(value).map(toProblem), options.source);
  }
  return deepFreeze({ config, warnings: collector.warningsIn(value).map(toProblem) });
}

/** Freezes a tree of plain objects and arrays, which must have no cycles. */
function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) {
      deepFreeze(member);
    }
  }
  return Object.freeze(value);
}
