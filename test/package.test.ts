import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from './support/project-root.js';

/** What a user downloads, and how many packages come with it. Raise them knowingly. */
const maxPackedBytes = 980_000;
const maxInstalledPackages = 15;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

describe('the packed tarball', () => {
  let directory = '';
  let packed: Packed;

  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, {
      cwd: directory,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'pillion-package-'));
    const output = execFileSync(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', directory],
      { cwd: projectRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const report: unknown = JSON.parse(output);
    // npm gives a list, or in newer releases an object by package name.
    [packed] = Object.values(report as Record<string, Packed>) as [Packed];
    writeFileSync(join(directory, 'package.json'), '{ "name": "user", "private": true }');
    run('npm', 'install', '--no-audit', '--no-fund', `./${packed.filename}`);
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  test('stays within its budget of size and dependencies', () => {
    assert.ok(packed.size <= maxPackedBytes, `${packed.size} bytes`);
    const lock = JSON.parse(run('npm', 'ls', '--all', '--json', '--long=false'));
    assert.ok(lock.dependencies.pillion);
    const installed = readdirSync(join(directory, 'node_modules')).filter(
      (n) => !n.startsWith('.'),
    );
    assert.ok(installed.length <= maxInstalledPackages, installed.join(', '));
  });

  test('holds the library, its types and documents, and no tests', () => {
    const paths = packed.files.map((file) => file.path);
    for (const path of ['dist/lib/index.js', 'dist/lib/index.d.ts', 'README.md', 'LICENSE']) {
      assert.ok(paths.includes(path), path);
    }
    assert.deepEqual(
      paths.filter((path) => /test|\.map$|bench/.test(path) && !path.startsWith('docs/')),
      [],
    );
  });

  test('can be imported', () => {
    const script = "import { createSidecar } from 'pillion'; console.log(typeof createSidecar)";
    assert.equal(run(process.execPath, '--input-type=module', '-e', script), 'function\n');
  });

  test('can be required', () => {
    const script = "console.log(typeof require('pillion').createSidecar)";
    assert.equal(run(process.execPath, '--no-warnings', '-e', script), 'function\n');
  });

  test('brings the command', () => {
    const version = run(join(directory, 'node_modules', '.bin', 'pillion'), '--version');
    assert.match(version, /^pillion \d+\.\d+\.\d+\n$/);
  });
});
