/** Brings the packages that pillion is measured against into this folder, on first use. */

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Installs what package-lock.json names, unless that has been done since it last changed. */
export function installDependencies() {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const wanted = `${folder}package-lock.json`;
  const installed = `${folder}node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  console.log('Installing what pillion is measured against (test/bench/package.json) ...');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    timeout: 300_000,
  });
  if (status !== 0) throw new Error('npm ci failed in test/bench');
}
