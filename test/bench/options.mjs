import { parseArgs } from 'node:util';
import { groupNames, isOfGroup } from './groups.mjs';

/** What --help prints. */
export const help = `Usage: node test/bench/run.mjs [options]

Measures pillion side by side with what people use instead.

  --group NAMES   only these groups (comma-separated):
                  ${groupNames().join(', ')};
                  outbound stands for all of those that begin with it
  --only NAMES    only contenders whose name contains one of these, and the references
  --rounds N      turns of each contender (default 5)
  --seconds N     length of one turn (default 1)
  --wrk           make the load with wrk instead of the bench's own load process
  --dist DIR      which build to measure (default dist)
  --json FILE     write every figure of every round to FILE
  --write         write the tables to docs/benchmarks.md
  --help          print this

Exit codes: 0 done, 1 a contender or the bench failed, 2 wrong usage.
`;

/** Thrown for wrong usage. */
export class UsageError extends Error {}

const definitions = {
  group: { type: 'string' },
  only: { type: 'string' },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '1' },
  wrk: { type: 'boolean', default: false },
  dist: { type: 'string', default: 'dist' },
  json: { type: 'string' },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/** Reads the command line. */
export function parseOptions(args) {
  const { values } = parse(args);
  const rounds = parseNumber('--rounds', values.rounds, 1, 100);
  if (!Number.isInteger(rounds)) throw new UsageError('--rounds must be a whole number');
  const seconds = parseNumber('--seconds', values.seconds, 0.1, 60);
  const group = parseList(values.group);
  const unknown = group?.find((asked) => !groupNames().some((name) => isOfGroup(name, asked)));
  if (unknown !== undefined) throw new UsageError(`there is no group ${unknown}`);
  return { ...values, group, only: parseList(values.only), rounds, seconds };
}

function parse(args) {
  try {
    return parseArgs({ args, options: definitions });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function parseNumber(name, text, min, max) {
  const number = Number(text);
  if (!(number >= min && number <= max)) {
    throw new UsageError(`${name} must be a number from ${min} to ${max}`);
  }
  return number;
}

function parseList(text) {
  return text?.split(',').filter((part) => part !== '');
}
