import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ObjectKind, objectShapes } from '../../lib/config/object-shape.js';
import {
  unsupportedHttpFilters,
  unsupportedNetworkFilters,
} from '../../lib/config/unsupported-values.js';

// Tests run two folders deep in the build folder, which stands at the project root.
const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/config-support.md', root), 'utf8');

/** The heading under which the page has the keys of a kind of object. */
const headings: Readonly<Record<ObjectKind, string>> = {
  document: 'Document',
  admin: '`admin`',
  listener: 'Listener',
  networkFilter: 'Filter entry of a listener',
  connectionManager: '`http_connection_manager`',
  accessLog: '`access_log` entry',
  httpFilter: 'Filter entry of an `http_connection_manager`',
  routerFilter: '`router`',
  routeConfig: '`route_config`',
  virtualHost: 'Virtual host',
  route: 'Route',
  clusterManager: '`cluster_manager`',
  sds: '`cluster_manager.sds`',
  cluster: 'Cluster',
  host: 'Host of a cluster',
  circuitBreakers: '`circuit_breakers`',
  circuitBreaker: 'Circuit breaker of a priority',
};

/** The rows of the table under a heading, as key and whether it is supported. */
function rowsUnder(heading: string): Map<string, boolean> {
  const [, section] = page.split(`\n## ${heading}\n`);
  assert.ok(section, `the page has a section "${heading}"`);
  const rows = (section.split('\n## ')[0] ?? '').matchAll(
    /^\| `(\w+)` +\| (supported|supported with a difference|not yet) +\|/gm,
  );
  return new Map([...rows].map(([, key = '', status]) => [key, status !== 'not yet']));
}

test('every key that the parsers know has a row with its status, and no other key has', () => {
  for (const [kind, shape] of Object.entries(objectShapes)) {
    // The keys of objectShapes are its kinds.
    const rows = rowsUnder(headings[kind as ObjectKind]);
    const expected = [
      ...[...shape.keys].map((key) => [key, true] as const),
      ...Object.keys(shape.unsupported).map((key) => [key, false] as const),
    ];
    assert.deepEqual([...rows].sort(), expected.sort(), kind);
  }
});

test('every filter of v1 has a row with its status', () => {
  const expected = (supported: string, others: object): unknown[] => [
    [supported, true],
    ...Object.keys(others).map((name) => [name, false]),
  ];
  assert.deepEqual(
    [...rowsUnder('Network filters')],
    expected('http_connection_manager', unsupportedNetworkFilters),
  );
  assert.deepEqual([...rowsUnder('HTTP filters')], expected('router', unsupportedHttpFilters));
});

test('every key of the public schemas is on the page', (t) => {
  const folder = new URL('../shared/corpus/schema/v1-json-schemas/', root);
  if (!existsSync(folder)) {
    t.skip('there is no ../shared/corpus beside the project');
    return;
  }
  const onPage = new Set(page.match(/\w+/g));
  for (const file of readdirSync(folder)) {
    const schema: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    for (const key of propertiesOf(schema)) {
      assert.ok(onPage.has(key), `${key} of ${file}`);
    }
  }
});

/** Words that the public schemas have under `properties` by mistake: they are no keys of v1. */
const misplaced = new Set(['$ref', 'required', 'additionalProperties', 'string']);

/** The names under every `properties` of a JSON schema. */
function propertiesOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) {
    return [];
  }
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' ? Object.keys(value).filter((name) => !misplaced.has(name)) : []),
    ...propertiesOf(value),
  ]);
}
