import assert from 'node:assert/strict';
import { describeProblem } from '../../lib/base/errors.js';
import { formatJsonPath } from '../../lib/config/json-path.js';
import { JsonReader } from '../../lib/config/json-reader.js';
import { ProblemCollector } from '../../lib/config/problem-collector.js';
import type { ObjectSchema } from '../../lib/config/schema/schema.js';

/** An object of a document on its own, for what no whole document leads to yet. */
export interface OpenedReader {
  readonly reader: JsonReader;
  /** The problems so far, as `path: message`, without those of mere lack of support. */
  problems(): string[];
  warnings(): string[];
}

/** Opens an object as if it were the document. */
export function openReader(value: object, schema: ObjectSchema, variant?: string): OpenedReader {
  const collector = new ProblemCollector('warn');
  const reader = JsonReader.open(value, undefined, schema, collector, variant);
  assert.ok(reader);
  const format = (list: ReturnType<ProblemCollector['problemsIn']>): string[] =>
    list.map(({ path, message }) => describeProblem({ path: formatJsonPath(path), message }));
  return {
    reader,
    problems: () => format(collector.problemsIn(value)),
    warnings: () =>
      format(collector.warningsIn(value)).filter((line) => !line.includes('not supported yet')),
  };
}
