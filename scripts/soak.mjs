// Runs a sidecar in a process of its own, under load, while hosts die, discovery lies and the
// configuration changes, and checks that it holds:
//
//   npm run soak -- --minutes 5
//
// docs/soak.md says what happens, what is checked and how to read what is printed.
import { help, parseOptions, UsageError } from './soak/options.mjs';
import { soak } from './soak/run.mjs';

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(help);
  } else {
    const isHeld = await soak(options);
    // Not by itself: of Node.js 24 it has been seen that the end of a process, which the hosts have
    // been part of, went on for ever. The sidecar is in another process, which has to end by itself.
    process.exit(isHeld ? 0 : 1);
  }
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${help}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
