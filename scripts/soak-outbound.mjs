// Makes a great many calls by every door of a sidecar, while the hosts that they are for break off
// wherever they can, and checks every body, in both directions:
//
//   npm run soak:outbound -- --requests 1000000
//
// docs/soak.md says what happens, what is checked and how to read what is printed.

import { UsageError } from './soak/options.mjs';
import { help, parseOptions } from './soak-outbound/options.mjs';
import { soakOutbound } from './soak-outbound/run.mjs';

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else process.exitCode = (await soakOutbound(options)) ? 0 : 1;
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${help}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
