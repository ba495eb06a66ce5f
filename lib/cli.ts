#!/usr/bin/env node
import { runCommand } from './cli/run-command.js';

// The exit code is set rather than taken: output that is on its way still arrives, and whatever
// keeps the process alive after its end would show as a bug.
process.exitCode = await runCommand(
  process.argv.slice(2),
  {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  },
  process,
);
