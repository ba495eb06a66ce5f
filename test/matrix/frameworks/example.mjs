// The examples, as a user has them: a folder of its own, with the packages that it names installed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dist, until } from './sidecar.mjs';

const matrix = join(import.meta.dirname, '..');
const root = join(matrix, '..', '..');

/** Copies an example to a folder that the test removes, and returns where it is. */
export async function installExample(t, name) {
  const directory = await mkdtemp(join(tmpdir(), 'pillion-example-'));
  t.after(() => rm(directory, { recursive: true }));
  await cp(join(root, 'examples', name), directory, { recursive: true });
  const { dependencies, devDependencies = {} } = await readJson(join(directory, 'package.json'));
  for (const dependency of Object.keys(dependencies)) {
    if (dependency !== 'pillion') {
      await link(matrix, directory, dependency);
    }
  }
  for (const dependency of Object.keys(devDependencies)) {
    await link(root, directory, dependency);
  }
  const own = join(directory, 'node_modules', 'pillion');
  await mkdir(own);
  await writeFile(join(own, 'package.json'), await readFile(join(dist, '..', 'package.json')));
  await symlink(dist, join(own, 'dist'));
  return directory;
}

async function link(from, directory, dependency) {
  const target = join(directory, 'node_modules', dependency);
  await mkdir(dirname(target), { recursive: true });
  await symlink(join(from, 'node_modules', dependency), target);
}

async function readJson(path) {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** Runs `node` in a folder. What still runs at the end of the test is killed. */
export function run(t, directory, ...args) {
  const child = spawn(process.execPath, args, { cwd: directory, stdio: 'pipe' });
  const command = {
    output: '',
    exited: once(child, 'close'),
    kill: (signal) => child.kill(signal),
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      command.output += text;
    });
  }
  t.after(async () => {
    child.kill('SIGKILL');
    await command.exited;
  });
  return command;
}

/** Waits until a program has printed what `pattern` says, and returns the match. */
export function printed(command, pattern) {
  return until(`${pattern} in ${JSON.stringify(command.output)}`, () => {
    return pattern.exec(command.output) ?? undefined;
  });
}

/** Where the compiler of TypeScript is. */
export const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
