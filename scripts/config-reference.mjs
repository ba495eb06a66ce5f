// Writes what is told about the keys of a document in more than one place, from the one place where
// they stand: the tables in lib/config/schema.
//
//   node scripts/config-reference.mjs           lists the files that are stale
//   node scripts/config-reference.mjs --write   writes them
//   node scripts/config-reference.mjs --public-keys FOLDER
//                                               writes test/support/v1-keys.json from the public schemas
//
// The files are the TypeScript types of a document, its JSON Schema, and the tables of
// docs/config-support.md. A test compares the committed files with the tables.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createJsonSchema } from './config-reference/json-schema.mjs';
import { collectPublicKeys } from './config-reference/public-keys.mjs';
import { createSupportPage, sectionTitles } from './config-reference/support-page.mjs';
import { createTypes } from './config-reference/typescript.mjs';

const root = join(import.meta.dirname, '..');
const pagePath = 'docs/config-support.md';

/**
 * Returns the text of every generated file by its path. The tables are those that are compiled in
 * the given folder.
 */
export async function createConfigReference(build = join(root, 'dist')) {
  const documentSchema = await loadDocumentSchema(build);
  const types = [...createTypes(documentSchema)].map(([file, text]) => [
    `lib/config/${file}.ts`,
    text,
  ]);
  const page = readFileSync(join(root, pagePath), 'utf8');
  return new Map([
    ...types,
    ['envoy-v1.schema.json', createJsonSchema(documentSchema)],
    [pagePath, createSupportPage(page, documentSchema)],
  ]);
}

/** Returns the headings of docs/config-support.md by the type name of the object. */
export async function listSectionTitles(build = join(root, 'dist')) {
  return sectionTitles(await loadDocumentSchema(build));
}

/** Returns the names of the keys in the public schemas of a folder, as JSON. */
export function createPublicKeys(folder) {
  const lines = Object.entries(collectPublicKeys(folder)).map(
    ([name, keys]) => `  ${JSON.stringify(name)}: ${formatList(keys, name.length + 6)}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

function formatList(keys, before) {
  const texts = keys.map((key) => JSON.stringify(key));
  const line = `[${texts.join(', ')}]`;
  return before + line.length < 100 ? line : `[\n    ${texts.join(',\n    ')}\n  ]`;
}

async function loadDocumentSchema(build) {
  const file = join(build, 'lib', 'config', 'schema', 'document-schema.js');
  const { documentSchema } = await import(pathToFileURL(file).href);
  return documentSchema;
}

function isStale([path, text]) {
  const file = join(root, path);
  return !existsSync(file) || readFileSync(file, 'utf8') !== text;
}

function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

async function main([option, argument]) {
  if (option === '--public-keys') {
    write('test/support/v1-keys.json', createPublicKeys(argument));
    return;
  }
  const stale = [...(await createConfigReference())].filter(isStale);
  for (const [path, text] of stale) {
    if (option === '--write') {
      write(path, text);
    } else {
      process.stdout.write(`${path}\n`);
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  await main(process.argv.slice(2));
}
