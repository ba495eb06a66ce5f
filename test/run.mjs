// Runs the compiled tests: `node test/run.mjs [--coverage] [--portable] [part of a file name ...]`.
//
// With `--portable` those are left out that come to the same on every release of Node.js, as the
// reading of configurations, and the longest: for the other releases, after a whole run on one.
// Node.js 20 takes no patterns after `--test`, so the files are looked up here. Deprecation warnings
// are errors: a library must not make its users' logs noisy.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const hasCoverage = args.includes('--coverage');
const isPortable = args.includes('--portable');
const notPortable = /^(?:config\/|[^/]*$|integration\/large-bodies)/;
const parts = args.filter((arg) => !arg.startsWith('--'));
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => !isPortable || !notPortable.test(file))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort()
  .map((file) => join('dist', 'test', file));

if (files.length === 0) {
  console.error('no test file matches; run `npm run build` first');
  process.exit(1);
}

const node = [
  process.execPath,
  '--throw-deprecation',
  '--test',
  '--test-concurrency=2',
  '--test-timeout=120000',
  ...files,
];
const command = hasCoverage
  ? [process.execPath, join('node_modules', 'c8', 'bin', 'c8.js'), ...node]
  : node;
const [program, ...rest] = command;
const { status } = spawnSync(program, rest, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
