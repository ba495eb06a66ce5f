import { readFileSync } from 'node:fs';

/** Returns the version of this package. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(
    // From dist/lib/base up to the root of the package.
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
