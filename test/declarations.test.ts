import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from './support/project-root.js';

/** The declarations as they were built beside this test. */
const libFolder = join(import.meta.dirname, '..', 'lib');
const entryPoints = [
  'index',
  'kubernetes/index',
  'express/index',
  'fastify/index',
  'nestjs/index',
].map((file) => `${file}.d.ts`);
const importPattern = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

/** Returns what the declarations import from elsewhere that a user's compiler comes to read. */
function readPackages(): Set<string> {
  const packages = new Set<string>();
  const files = new Set(entryPoints.map((file) => join(libFolder, file)));
  for (const file of files) {
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(importPattern)) {
      if (specifier.startsWith('.')) {
        files.add(join(dirname(file), specifier.replace(/\.js$/, '.d.ts')));
      } else if (!specifier.startsWith('node:')) {
        packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
      }
    }
  }
  return packages;
}

test('declarations need no types but those that are installed with the package', () => {
  const text = readFileSync(join(projectRoot, 'package.json'), 'utf8');
  // Ours has both of them.
  const { dependencies, devDependencies } = JSON.parse(text) as Readonly<
    Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
  >;
  // What has types in a package of their own, as opossum has, would have to be installed by the user.
  const missing = [...readPackages()].filter(
    (name) => dependencies[name] === undefined || devDependencies[`@types/${name}`] !== undefined,
  );
  assert.deepEqual(missing, []);
});
