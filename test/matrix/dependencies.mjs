/** Brings the clients and frameworks that pillion is tried with into this folder, on first use. */

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Installs what package-lock.json names, unless that has been done since it last changed. */
export function installDependencies() {
  const folder = import.meta.dirname;
  const wanted = join(folder, 'package-lock.json');
  const installed = join(folder, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  console.log('Installing the clients and frameworks (test/matrix/package.json) ...');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    timeout: 300_000,
  });
  if (status !== 0) throw new Error('npm ci failed in test/matrix');
}
