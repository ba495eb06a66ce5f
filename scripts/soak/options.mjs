import { parseArgs } from 'node:util';

/** What --help prints. */
export const help = `Usage: node scripts/soak.mjs [options]

Runs a sidecar under load while everything around it goes wrong, and checks that it holds.

  --minutes N   how long faults happen, 0.1 to 600 (default 5)
  --seed N      repeats the faults of an earlier run; default one that is printed
  --rate N      requests per second beside those in a closed loop, 1 to 5000 (default 100)
  --verbose     print every fault
  --dist DIR    which build to run (default dist)
  --help        print this

Exit codes: 0 everything held, 1 something did not, 2 wrong usage.
`;

/** Thrown for wrong usage. */
export class UsageError extends Error {}

const definitions = {
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string' },
  rate: { type: 'string', default: '100' },
  verbose: { type: 'boolean', default: false },
  dist: { type: 'string', default: 'dist' },
  help: { type: 'boolean', default: false },
};

/** Reads the command line. */
export function parseOptions(args) {
  const values = readArguments(args, definitions);
  const seed = readSeed(values.seed);
  const minutes = number('--minutes', values.minutes, 0.1, 600);
  return { ...values, minutes, seed, rate: number('--rate', values.rate, 1, 5000) };
}

/** Returns the values of the options. */
export function readArguments(args, options) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Returns the seed that is given, or one that is drawn. */
export function readSeed(text) {
  return text === undefined
    ? Math.floor(Math.random() * 2 ** 32)
    : wholeNumber('--seed', text, 0, 2 ** 32 - 1);
}

/** Returns a whole number within bounds. */
export function wholeNumber(name, text, min, max) {
  const value = toNumber(text);
  if (!(Number.isInteger(value) && value >= min && value <= max)) {
    throw new UsageError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function number(name, text, min, max) {
  const value = toNumber(text);
  if (!(value >= min && value <= max)) {
    throw new UsageError(`${name} must be a number from ${min} to ${max}`);
  }
  return value;
}

function toNumber(text) {
  return text.trim() === '' ? Number.NaN : Number(text);
}

/**
 * Whether retries wait before they are sent. In every second run they do not: then no request can be
 * given up between two attempts, and the number of attempts is known exactly.
 */
export function hasBackOff({ seed }) {
  return seed % 2 === 1;
}
