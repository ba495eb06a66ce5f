/** What a result is worth nothing without: the machine, and the versions of everything on it. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, type } from 'node:os';
import { findCommand } from './processes.mjs';

/** Describes where and when a run takes place, and what else was running just before it. */
export function describeMachine(pinned) {
  const all = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['node', 'test/bench/run.mjs', ...process.argv.slice(2)].join(' '),
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    pinned,
    loadAverage: Number(loadavg()[0].toFixed(2)),
    kernel: `${type()} ${release()}`,
    node: process.version,
  };
}

/** Returns the versions of pillion, of the packages it meets, and of the servers if installed. */
export function readVersions() {
  const read = (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  const names = Object.keys(read('package.json').dependencies);
  const packages = names.map((name) => [name, read(`node_modules/${name}/package.json`).version]);
  const servers = ['nginx', 'haproxy'].map((name) => [name, readServerVersion(name)]);
  const known = servers.filter(([, version]) => version !== undefined);
  const builtIn = ['undici in Node.js (fetch)', process.versions.undici];
  return Object.fromEntries([
    ['pillion', read('../../package.json').version],
    ...packages,
    builtIn,
    ...known,
  ]);
}

function readServerVersion(name) {
  const command = findCommand(name);
  if (command === undefined) return undefined;
  const { stdout, stderr } = spawnSync(command, ['-v'], { encoding: 'utf8' });
  return /\d+\.\d+[\w.]*/.exec(stdout + stderr)?.[0];
}
