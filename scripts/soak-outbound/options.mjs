import { readArguments, readSeed, wholeNumber } from '../soak/options.mjs';

/** What --help prints. */
export const help = `Usage: node scripts/soak-outbound.mjs [options]

Makes calls by every door of a sidecar while their hosts break off at random, and checks every body.

  --requests N      how many calls, 1000 to 10000000 (default 100000)
  --concurrency N   how many at once, 1 to 1000 (default 64)
  --seed N          repeats the calls and faults of an earlier run; default one that is printed
  --dist DIR        which build to run (default dist)
  --help            print this

Exit codes: 0 everything held, 1 something did not, 2 wrong usage.
`;

const definitions = {
  requests: { type: 'string', default: '100000' },
  concurrency: { type: 'string', default: '64' },
  seed: { type: 'string' },
  dist: { type: 'string', default: 'dist' },
  help: { type: 'boolean', default: false },
};

/** Reads the command line. */
export function parseOptions(args) {
  const values = readArguments(args, definitions);
  const requests = wholeNumber('--requests', values.requests, 1000, 10_000_000);
  const concurrency = wholeNumber('--concurrency', values.concurrency, 1, 1000);
  return { ...values, requests, concurrency, seed: readSeed(values.seed) };
}
