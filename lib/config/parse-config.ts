import { ConfigError, type ConfigProblem } from '../base/errors.js';
import { type Config, parseDocument } from './config.js';
import { deepFreeze } from './deep-freeze.js';
import { formatJsonPath } from './json-path.js';
import { readJsonSource } from './json-source.js';
import { type PlacedMessage, ProblemCollector, type UnsupportedMode } from './problem-collector.js';
import type { SourceDocument, SourceResult } from './source-document.js';
import { readYamlSource } from './yaml-source.js';

/** How a document is parsed. */
export interface ParseConfigOptions {
  /** What messages call the document: the path of its file, or words such as "the config option". */
  readonly source: string;
  /**
   * What a key does that is known but not supported: `error` refuses the document; `warn` leaves
   * the key out, with all that would be wrong without it, and says so in a warning.
   */
  readonly unsupported: UnsupportedMode;
  /** Names of the HTTP filters that the application brings itself. */
  readonly httpFilters?: Iterable<string>;
  /** Whether the application brings a source of registrations itself. */
  readonly hasRegistrations?: boolean;
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
 * Checks the text of a v1 document in JSON, as `parseConfig` does; problems also tell line and
 * column. Bytes are UTF-8.
 */
export function parseConfigText(
  text: string | Uint8Array,
  options: ParseConfigOptions,
): ParsedConfig {
  return parseSource(readJsonSource(text), options);
}

/** Checks the text of a v1 document in YAML. Rejects as `parseConfig` throws. */
export async function parseConfigYaml(
  text: string | Uint8Array,
  options: ParseConfigOptions,
): Promise<ParsedConfig> {
  return parseSource(await readYamlSource(text), options);
}

function parseSource(source: SourceResult, options: ParseConfigOptions): ParsedConfig {
  const { document } = source;
  if (document === undefined) {
    const { problem, line, column } = source;
    const place = line === undefined || column === undefined ? {} : { line, column };
    throw new ConfigError([{ path: '', message: problem, ...place }], options.source);
  }
  return parse(document.value, options, document);
}

function parse(
  value: unknown,
  options: ParseConfigOptions,
  document?: SourceDocument,
): ParsedConfig {
  const { unsupported, httpFilters, hasRegistrations } = options;
  const collector = new ProblemCollector(unsupported, httpFilters, hasRegistrations);
  for (const problem of document?.keyProblems ?? []) {
    collector.addProblem(problem);
  }
  const config = parseDocument(value, collector);
  const placed = (messages: readonly PlacedMessage[]): ConfigProblem[] =>
    placeMessages(messages, document);
  if (config === undefined || collector.hasProblems) {
    throw new ConfigError(placed(collector.problemsIn(value)), options.source);
  }
  return deepFreeze({ config, warnings: placed(collector.warningsIn(value)) });
}

function placeMessages(
  messages: readonly PlacedMessage[],
  document: SourceDocument | undefined,
): ConfigProblem[] {
  const positions =
    messages.length === 0 ? [] : document?.positionsOf(messages.map(({ path }) => path));
  return messages.map(({ path, message }, index) => ({
    path: formatJsonPath(path),
    message,
    ...positions?.[index],
  }));
}
