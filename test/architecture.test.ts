import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from './support/project-root.js';

/** In the order in which imports may point: each to itself and to those before it. */
const layers = [
  'base',
  'config',
  'http',
  'telemetry',
  'upstream',
  'router',
  'filters',
  'downstream',
  'egress',
  'explain',
  'admin',
  'config-file.ts',
  'config-report.ts',
  'assembly',
  'assemble.ts',
  'application-options.ts',
  'drain-options.ts',
  'sidecar-options.ts',
  'sidecar.ts',
  'index.ts',
  'sds-server',
  'kubernetes',
  'integration',
  'express',
  'fastify',
  'nestjs',
  'cli',
  'cli.ts',
];

const libRoot = join(projectRoot, 'lib');
const importPattern = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;

function sourceFiles(): string[] {
  return readdirSync(libRoot, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts'))
    .sort();
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(libRoot, file), 'utf8');
  return [...text.matchAll(importPattern)].map(([, specifier]) =>
    relative(libRoot, join(libRoot, dirname(file), `${specifier}`.replace(/\.js$/, '.ts'))),
  );
}

function withoutComments(path: string): string {
  return readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

function layerOf(file: string): number {
  return layers.indexOf(file.split('/')[0] ?? '');
}

test('every file of lib belongs to a layer', () => {
  assert.deepEqual(
    sourceFiles().filter((file) => layerOf(file) === -1),
    [],
  );
});

test('imports point to the own layer or to lower ones, types included', () => {
  const wrong = sourceFiles().flatMap((file) =>
    importsOf(file)
      .filter((imported) => layerOf(imported) > layerOf(file))
      .map((imported) => `${file} imports ${imported}`),
  );
  assert.deepEqual(wrong, []);
});

test('no two files import each other, directly or in a circle, types included', () => {
  const graph = new Map(sourceFiles().map((file) => [file, importsOf(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    } else if (!done.has(file)) {
      for (const imported of graph.get(file) ?? []) {
        visit(imported, [...path, file]);
      }
      done.add(file);
    }
  };
  for (const file of graph.keys()) {
    visit(file, []);
  }
  assert.deepEqual(circles, []);
});

test('no file of lib is longer than 350 lines', () => {
  const long = sourceFiles().filter(
    (file) => readFileSync(join(libRoot, file), 'utf8').split('\n').length > 351,
  );
  assert.deepEqual(long, []);
});

test('docs/architecture.md names only files that exist', () => {
  const text = readFileSync(join(projectRoot, 'docs', 'architecture.md'), 'utf8');
  const named = [...text.matchAll(/`((?:[\w-]+\/)+[\w-]+\.ts)`/g)].map(([, file]) => `${file}`);
  assert.ok(named.length > 30);
  const files = new Set(sourceFiles());
  assert.deepEqual(
    named.filter((file) => !files.has(file.replace(/^lib\//, '')) && !file.startsWith('test/')),
    [],
  );
});

test('the library never ends the process, and listens to nothing process-wide', () => {
  const library = sourceFiles().filter((file) => !file.startsWith('cli'));
  const wrong = library.filter((file) =>
    /process\.(exit|on|once|abort)\b/.test(withoutComments(join(libRoot, file))),
  );
  assert.deepEqual(wrong, []);
});
