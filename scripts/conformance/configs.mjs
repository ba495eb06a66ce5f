import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  parseCdsAnswer,
  parseLdsAnswer,
  parseRdsAnswer,
} from '../../dist/lib/config/discovery-answers.js';
import { parseConfigText } from '../../dist/lib/config/parse-config.js';
import { parseSdsResponse } from '../../dist/lib/config/sds-response.js';
import { referencesIn } from './documents.mjs';

/** What each kind of file is put into before it is checked; a bootstrap is checked as it is. */
const readers = {
  bootstrap: (text, name) => problemsOf(() => parseConfigText(text, options(name))),
  cds: (text, name) => problemsOf(() => parseCdsAnswer(JSON.parse(text), contextOf(name, text))),
  lds: (text, name) => problemsOf(() => parseLdsAnswer(JSON.parse(text), contextOf(name, text))),
  rds: (text, name) => problemsOf(() => parseRdsAnswer(JSON.parse(text), contextOf(name, text))),
  sds: (text) =>
    answersOf(JSON.parse(text)).flatMap((answer) => parseSdsResponse(answer).problem ?? []),
};

/** Checks every row of an index; each result tells whether the verdicts agree. */
export async function runConfigs(indexPath) {
  const [, ...rows] = readFileSync(indexPath, 'utf8').trim().split('\n');
  return rows.map((row) => {
    const [file, kind, expected] = row.split('\t');
    return runRow(join(dirname(indexPath), file), file, kind, expected);
  });
}

function runRow(path, name, kind, expected) {
  const read = readers[kind];
  if (read === undefined) {
    return { name, agrees: false, detail: `the kind ${kind} is not known` };
  }
  const problems = read(readFileSync(path, 'utf8'), name);
  return {
    name,
    agrees: agrees(problems, expected),
    detail: `expected ${expected}; ${problems.length === 0 ? 'accepted' : problems.join(' | ')}`,
  };
}

/** A row is refused for exactly the reasons that it names. */
function agrees(problems, expected) {
  if (expected === 'valid') {
    return problems.length === 0;
  }
  const unknownFilter = /^schema-error: (?:unknown )?(?:\w+ )?filter (\w+)/.exec(expected)?.[1];
  if (unknownFilter !== undefined) {
    return (
      problems.length > 0 &&
      problems.every(
        (problem) => problem.includes('filter') && problem.includes(`"${unknownFilter}"`),
      )
    );
  }
  // The others are of the time before 1.3, whose keys are answered with what to write today.
  return problems.some((problem) => problem.includes('this is the spelling of Envoy before 1.3'));
}

/** A file may hold the answers for several services. */
function answersOf(value) {
  return Array.isArray(value) ? value : [value];
}

/** An answer may name clusters that it does not hold, so every name that it has is known. */
function contextOf(source, text) {
  return { ...options(source), clusterNames: referencesIn(JSON.parse(text)), hasSds: true };
}

function options(source) {
  return { source, unsupported: 'warn' };
}

function problemsOf(parse) {
  try {
    parse();
    return [];
  } catch (error) {
    if (error.problems === undefined) {
      throw error;
    }
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}
