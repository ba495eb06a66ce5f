// Runs the compiled tests: `node test/run.mjs [--coverage] [part of a file name ...]`.
//
// Node.js 20 takes no patterns after `--test`, so the files are looked up here. Deprecation warnings
// are errors: a library must not make its users' logs noisy.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const hasCoverage = args.includes('--coverage');
const parts = args.filter((arg) => !arg.startsWith('--'));
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.test.js'))
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
