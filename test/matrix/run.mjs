/**
 * The client libraries and frameworks that pillion is tried with.
 *
 *     npm run matrix                                  builds pillion, then tries everything
 *     node test/matrix/run.mjs                        with what is built already
 *     node test/matrix/run.mjs clients/agent          only files with that in their names
 *     node test/matrix/run.mjs --write                writes the tables of docs/clients.md
 *     node test/matrix/run.mjs --node PATH            on another Node.js; as often as wanted
 *
 * Without `--write` the run fails, too, if the tables say of this release of Node.js something else
 * than what has come of it. `PILLION_DIST` names the build to try, by default `dist`.
 *
 * - `clients/` has a module for each client, and the tests that try them in groups.
 * - `frameworks/` has the tests of mounted applications.
 * - `support/cases.mjs` and `support/upgrade-cases.mjs` say what is tried.
 * - `tables.mjs` reads and writes the tables.
 *
 * The packages are installed here on first use, apart from pillion's own.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installDependencies } from './dependencies.mjs';
import { compareTables, updateTables } from './tables.mjs';

const page = new URL('../../docs/clients.md', import.meta.url);

/** Runs the test files on one Node.js. Returns whether they pass, and the results for the tables. */
function runTests(node, files) {
  const folder = mkdtempSync(join(tmpdir(), 'pillion-matrix-'));
  try {
    const options = ['--test-concurrency=2', '--test-reporter=spec'];
    const args = ['--throw-deprecation', '--test', ...options, ...files];
    const { status } = spawnSync(node, args, {
      cwd: import.meta.dirname,
      env: { ...process.env, PILLION_MATRIX_RESULTS: folder },
      stdio: 'inherit',
      timeout: 600_000,
    });
    const results = readdirSync(folder)
      .sort()
      .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
    return { isPassed: status === 0, results };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function findFiles(parts) {
  return ['clients', 'frameworks']
    .flatMap((folder) =>
      readdirSync(join(import.meta.dirname, folder)).map((name) => join(folder, name)),
    )
    .filter((file) => file.endsWith('.test.mjs'))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
}

function versionOf(node) {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
}

function countCells(results) {
  const cells = results.flatMap((result) => Object.values(result.cells ?? {}));
  const passed = cells.filter((cell) => cell === 'yes').length;
  const clients = results.filter(({ refusal }) => refusal === undefined).length;
  return `${clients} clients, ${passed} cases passed, ${cells.length - passed} do not apply`;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' }, node: { type: 'string', multiple: true } },
});
installDependencies();
const files = findFiles(positionals);
if (files.length === 0) {
  console.error('no test file matches');
  process.exit(2);
}
/** The tables are of all clients. */
const isComplete = findFiles(['clients']).every((file) => files.includes(file));
const summary = [];
const resultsByRelease = new Map();
for (const node of options.node ?? [process.execPath]) {
  const version = versionOf(node);
  console.log(`\n== Node.js ${version}`);
  const begin = Date.now();
  const { isPassed, results } = runTests(node, files);
  const seconds = ((Date.now() - begin) / 1000).toFixed(0);
  const outcome = `${isPassed ? 'passed' : 'FAILED'} in ${seconds} s`;
  summary.push(`Node.js ${version}: ${outcome}; ${countCells(results)}`);
  if (!isPassed) process.exitCode = 1;
  else if (isComplete) resultsByRelease.set(/\d+/.exec(version)[0], results);
}
const text = readFileSync(page, 'utf8');
if (options.write && resultsByRelease.size > 0) {
  writeFileSync(page, updateTables(text, resultsByRelease));
} else {
  for (const [release, results] of resultsByRelease) {
    const lines = compareTables(text, release, results);
    if (lines.length === 0) continue;
    process.exitCode = 1;
    summary.push(`docs/clients.md is stale for Node.js ${release}; run with --write:`, ...lines);
  }
}
console.log(`\n${summary.join('\n')}`);
