import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, SidecarError, sidecarErrorCodes } from '../../../lib/base/errors.js';
import { projectRoot } from '../../support/project-root.js';

test('docs/errors.md explains every error code, and no other', () => {
  const text = readFileSync(join(projectRoot, 'docs', 'errors.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(SIDECAR_\w+)`/gm)].map(([, code]) => `${code}`);
  assert.deepEqual(documented.sort(), [...sidecarErrorCodes].sort());
});

test('an error keeps its code and its cause', () => {
  const cause = new Error('below');
  const error = new SidecarError('SIDECAR_CLOSED', 'closed', { cause });
  assert.equal(error.code, 'SIDECAR_CLOSED');
  assert.equal(error.cause, cause);
  assert.equal(error.name, 'SidecarError');
});

test('a configuration error shows every problem with its path', () => {
  const error = new ConfigError(
    [
      { path: 'admin', message: 'is missing' },
      { path: '', message: 'is not an object' },
    ],
    './envoy.json',
  );
  assert.equal(error.code, 'SIDECAR_CONFIG_INVALID');
  assert.equal(
    error.message,
    './envoy.json was refused, 2 problems:\n  admin: is missing\n  is not an object',
  );
});
