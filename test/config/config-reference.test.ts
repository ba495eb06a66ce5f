import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allObjectSchemas } from '../../lib/config/schema/key-owners.js';
import {
  buildFolder,
  loadConfigReferenceScript,
  readSupportPage,
  readSupportRows,
} from '../support/config-reference.js';
import { projectRoot } from '../support/project-root.js';
import {
  differentKeys,
  discoveryAnswers,
  kindsWithoutPublicSchema,
  publicSchemaKinds,
} from '../support/public-schema-kinds.js';

const script = await loadConfigReferenceScript();
const publicKeysFile = join(projectRoot, 'test', 'support', 'v1-keys.json');
const publicKeys: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(publicKeysFile, 'utf8'),
);

test('the types, the JSON Schema and the support page are what the tables say', async () => {
  for (const [path, text] of await script.createConfigReference(buildFolder)) {
    const file = join(projectRoot, path);
    assert.ok(
      existsSync(file) && readFileSync(file, 'utf8') === text,
      `${path} is stale; run \`npm run config-reference\` and review the difference`,
    );
  }
});

test('the committed list of public keys is that of the public schemas', (t) => {
  const folder = join(projectRoot, '..', 'shared', 'corpus', 'schema', 'v1-json-schemas');
  if (!existsSync(folder)) {
    t.skip('there is no ../shared/corpus beside the project');
    return;
  }
  assert.equal(readFileSync(publicKeysFile, 'utf8'), script.createPublicKeys(folder));
});

test('every object of the public schemas has the same keys in the tables', () => {
  const kinds = new Map(allObjectSchemas().map((schema) => [schema.typeName, schema]));
  for (const [name, keys] of Object.entries(publicKeys)) {
    if (discoveryAnswers.includes(name)) {
      continue;
    }
    const typeNames = publicSchemaKinds[name] ?? [];
    assert.ok(typeNames.length > 0, `${name} belongs to a kind of object`);
    for (const typeName of typeNames) {
      const { added, removed } = differentKeys[typeName] ?? { added: [], removed: [] };
      const expected = [...keys.filter((key) => !removed.includes(key)), ...added].sort();
      assert.deepEqual(Object.keys(kinds.get(typeName)?.keys ?? {}).sort(), expected, typeName);
    }
  }
});

test('every kind of object stands for one of the public schemas, or has none', () => {
  const known = new Set([...Object.values(publicSchemaKinds).flat(), ...kindsWithoutPublicSchema]);
  const schemas = allObjectSchemas();
  const nouns = new Set(
    schemas.filter(({ typeName }) => known.has(typeName)).map(({ noun }) => noun),
  );
  assert.deepEqual(
    schemas.filter(({ noun }) => !nouns.has(noun)).map(({ typeName }) => typeName),
    [],
  );
});

test('every key of every kind of object has exactly one row', async () => {
  const rows = readSupportRows().map(({ section, key }) => `${section}: ${key}`);
  const titles = await script.listSectionTitles(buildFolder);
  const expected = new Set(
    allObjectSchemas().flatMap(({ typeName, keys }) =>
      Object.keys(keys).map((key) => `${titles.get(typeName)}: ${key}`),
    ),
  );
  assert.deepEqual(
    [...expected].filter((row) => rows.filter((other) => other === row).length !== 1),
    [],
  );
});

test('every key of the public schemas of discovery answers is told of', () => {
  const [, section = ''] = readSupportPage().split('\n## Answers of discovery services\n');
  const words = new Set(section.match(/\w+/g));
  const keys = discoveryAnswers.flatMap((name) => publicKeys[name] ?? []);
  assert.deepEqual(
    keys.filter((key) => !words.has(key)),
    [],
  );
});

test('every row that says supported names an integration test that speaks of the key', () => {
  const missing = readSupportRows()
    .filter(({ status }) => status !== 'refused')
    .flatMap(({ section, key, test: name }) => {
      const problem = findTestProblem(key, name);
      return problem === undefined ? [] : [`${section}: ${key}: ${problem}`];
    });
  assert.deepEqual(missing, []);
});

function findTestProblem(key: string, name: string | undefined): string | undefined {
  if (name === undefined) {
    return 'names no test';
  }
  const file = join(projectRoot, 'test', 'integration', `${name}.test.ts`);
  if (!existsSync(file)) {
    return `there is no ${name}.test.ts`;
  }
  const mentions = readFileSync(file, 'utf8')
    .split(/[^\w$]+/)
    .includes(key);
  return mentions ? undefined : `${name}.test.ts does not mention it`;
}
