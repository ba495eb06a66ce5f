import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './support/project-root.js';

test('docs/api.md shows the public declarations as they are', async () => {
  const script = pathToFileURL(join(projectRoot, 'scripts', 'api-report.mjs')).href;
  const { createApiReport } = (await import(script)) as { createApiReport: () => string };
  assert.equal(
    readFileSync(join(projectRoot, 'docs', 'api.md'), 'utf8'),
    createApiReport(),
    'the public API has changed; run `npm run api-report` and review the difference',
  );
});
