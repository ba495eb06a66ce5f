// Runs the compiled tests: `node test/run.mjs [--alone] [--coverage] [--portable] [part of a file name ...]`.
//
// Test files share processes, but for those that look at the process itself; `--alone` gives each its
// own. With `--portable` those are left out that come to the same on every release of Node.js, as the
// reading of configurations, and the longest: for the other releases, after a whole run on one.
// Node.js 20 takes no patterns after `--test`, so the files are looked up here. Deprecation warnings
// are errors: a library must not make its users' logs noisy.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const hasCoverage = args.includes('--coverage');
const isPortable = args.includes('--portable');
const isAlone = args.includes('--alone');
// Pure computation, and the command's reading of files; then the longest.
const notPortable = new RegExp(
  '^(?:config/|[^/]*$|unit/(?:config|router|filters|explain|admin|sds-server|base/pattern)[/.-]' +
    '|integration/cli-(?:explain|http-filters|registrations)|integration/large-bodies' +
    '|unit/upstream/connection/http1-response-parser-fuzz)',
);
const parts = args.filter((arg) => !arg.startsWith('--'));
// These look at the whole process, at its memory, handles or globals, or change them; or they take as
// long as many others. Those share processes, since to load the library takes longer than most files.
const alone = new RegExp(
  '^(?:[^/]*$|integration/(?:cli|install|outbound-(?:passthrough|agent)|streaming|http2-limits' +
    '|health-check-misbehavior|mounted-fetch|large-bodies|tracing|client-only)' +
    '|unit/(?:base/loop-hold|telemetry/tracing))',
);
const perProcess = 8;
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => !isPortable || !notPortable.test(file))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();

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
  ...(isAlone ? files : gather(files)).map((file) => join('dist', 'test', file)),
];
const command = hasCoverage
  ? [process.execPath, join('node_modules', 'c8', 'bin', 'c8.js'), ...node]
  : node;
const [program, ...rest] = command;
const { status } = spawnSync(program, rest, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);

/** Writes files that import several test files each; returns the files left alone, and these. */
function gather(names) {
  const folder = join(root, 'dist', 'test', 'gathered');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const shared = names.filter((name) => !alone.test(name));
  const count = Math.ceil(shared.length / perProcess);
  const gathered = Array.from({ length: count }, (_, i) => {
    // Dealt out, so that the slow ones, whose names are often akin, are not together.
    const imports = shared.filter((_name, j) => j % count === i);
    const text = imports.map((name) => `import '../${name.replaceAll('\\', '/')}';\n`).join('');
    const file = join('gathered', `${i}.mjs`);
    writeFileSync(join(root, 'dist', 'test', file), text);
    return file;
  });
  // The longest are among those, so they go first.
  return [...names.filter((name) => alone.test(name)), ...gathered];
}
