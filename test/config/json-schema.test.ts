import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv, type ValidateFunction } from 'ajv';
import {
  clustersDocument,
  type JsonObject,
  type JsonValue,
  managerDocument,
  minimalDocument,
  problemsOf,
  readSeed,
  routesDocument,
  staticCluster,
} from '../support/config-documents.js';
import { documentMutations } from '../support/document-mutations.js';
import { projectRoot } from '../support/project-root.js';
import { createRichDocument } from '../support/rich-document.js';

interface SchemaPart {
  readonly properties?: Readonly<Record<string, { default?: unknown; examples?: unknown[] }>>;
}

const text = readFileSync(join(projectRoot, 'envoy-v1.schema.json'), 'utf8');
const schema: SchemaPart & { definitions: Readonly<Record<string, SchemaPart>> } = JSON.parse(text);

// Types are checked where a rule says so; the rules between keys need not say it again.
const ajv = new Ajv({ allErrors: true, strictTypes: false });
const validate: ValidateFunction = ajv.compile(schema);

/** What is wrong with a document for an editor; none if it is right. */
function schemaProblemsOf(document: unknown): string[] {
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

const route = { prefix: '/', cluster: 'backend' };

/** A document with one route with one header matcher. */
function matcherDocument(matcher: JsonObject): JsonObject {
  return routesDocument({ ...route, headers: [{ name: 'x-shard', ...matcher }] });
}

function healthCheckDocument(check: JsonObject): JsonObject {
  const rest = { timeout_ms: 1, interval_ms: 1, unhealthy_threshold: 1, healthy_threshold: 1 };
  return clustersDocument([staticCluster({ health_check: { ...rest, ...check } })]);
}

const logFilter = (...filters: JsonValue[]): JsonObject =>
  managerDocument({ access_log: [{ path: '/dev/null', filter: { type: 'logical_or', filters } }] });

const nested: JsonObject = {
  type: 'logical_and',
  filters: [{ type: 'not_healthcheck' }, { type: 'status_code', op: '>=', value: 500 }],
};

function filterDocument(name: string, config: JsonObject): JsonObject {
  return managerDocument({
    filters: [
      { name, config },
      { name: 'router', config: {} },
    ],
  });
}

const accepted: Readonly<Record<string, JsonObject>> = {
  'the least document': minimalDocument(),
  'the least route': routesDocument(route),
  'a header matcher': matcherDocument({ value: '1' }),
  'a static cluster': clustersDocument([staticCluster()]),
  'a health check': healthCheckDocument({ type: 'http', path: '/' }),
  'a fault filter': filterDocument('fault', { abort: { abort_percent: 1, http_status: 503 } }),
  'a route with two redirects': routesDocument({
    prefix: '/',
    host_redirect: 'example.com',
    path_redirect: '/moved',
  }),
  'an unknown key where Envoy passes over it': managerDocument({ http1_settings: { other: 1 } }),
  'filters of access logs in each other': logFilter(nested, nested),
  'a whole number with a fraction of zero': routesDocument({ ...route, timeout_ms: 1.0 }),
};

const refused: Readonly<Record<string, JsonObject>> = {
  'a key of nobody': minimalDocument({ static_resources: {} }),
  'no clusters': minimalDocument({ cluster_manager: {} }),
  'text in the place of a number': routesDocument({ ...route, timeout_ms: '15000' }),
  'a number below its range': clustersDocument([staticCluster({ connect_timeout_ms: 0 })]),
  'a number above its range': managerDocument({ http2_settings: { hpack_table_size: 2 ** 32 } }),
  'an unknown choice': clustersDocument([staticCluster({ lb_type: 'ring' })]),
  'an unknown filter': managerDocument({ filters: [{ name: 'gzip', config: {} }] }),
  'a filter without a name': managerDocument({ filters: [{ config: {} }] }),
  'an unknown key of a filter': managerDocument({
    filters: [{ name: 'router', config: { stats: true } }],
  }),
  'an empty list of filters': managerDocument({ filters: [] }),
  'a single filter in a logical one': logFilter(nested),
  'a wrong filter deep in others': logFilter(nested, { ...nested, filters: [nested, {}] }),
  'a header that stands twice': routesDocument({
    ...route,
    request_headers_to_add: [
      { key: 'a', value: 'b' },
      { key: 'a', value: 'b' },
    ],
  }),
  'a route that matches nothing': routesDocument({ cluster: 'backend' }),
  'a prefix and a path': routesDocument({ ...route, path: '/' }),
  'a path and a regex': routesDocument({ path: '/', regex: '/', cluster: 'backend' }),
  'a route without a target': routesDocument({ prefix: '/' }),
  'two targets': routesDocument({ ...route, cluster_header: 'x-cluster' }),
  'a target and a redirect': routesDocument({ ...route, host_redirect: 'example.com' }),
  'a redirect of WebSocket requests': routesDocument({
    prefix: '/',
    host_redirect: 'example.com',
    use_websocket: false,
  }),
  'two rewrites of the host': routesDocument({
    ...route,
    host_rewrite: 'a',
    auto_host_rewrite: false,
  }),
  'neither rds nor route_config': managerDocument({ route_config: undefined }),
  'rds and route_config': managerDocument({ rds: { cluster: 'a', route_config_name: 'b' } }),
  'a range and a value': matcherDocument({ value: '1', range_match: { start: 0, end: 1 } }),
  'a static cluster without hosts': clustersDocument([staticCluster({ hosts: undefined })]),
  'two hosts of a logical_dns cluster': clustersDocument([
    staticCluster({
      type: 'logical_dns',
      hosts: [{ url: 'tcp://a:1' }, { url: 'tcp://b:1' }],
    }),
  ]),
  'an sds cluster without a name': clustersDocument([staticCluster({ type: 'sds' })], {
    sds: { cluster: staticCluster({ name: 'sds' }), refresh_delay_ms: 1000 },
  }),
  'an sds cluster without sds': clustersDocument([
    staticCluster({ type: 'sds', service_name: 'a' }),
  ]),
  'original_dst_lb of a static cluster': clustersDocument([
    staticCluster({ lb_type: 'original_dst_lb' }),
  ]),
  'a client certificate without its key': clustersDocument([
    staticCluster({ ssl_context: { cert_chain_file: 'cert.pem' } }),
  ]),
  'an address without a scheme': minimalDocument({
    admin: { access_log_path: '/dev/null', address: '127.0.0.1:9901' },
  }),
  'a fault filter without a fault': filterDocument('fault', {}),
  'an opaque value that is no text': routesDocument({ ...route, opaque_config: { a: 1 } }),
  'an HTTP health check without a path': healthCheckDocument({ type: 'http' }),
  'a TCP health check that sends nothing': healthCheckDocument({ type: 'tcp', receive: [] }),
};

const beyondSchema = /no cluster has the name|weights must add up|is not the name of a header/;

/** A document as it stands in a file, where a key cannot be `undefined`. */
function asInFile(document: JsonObject): unknown {
  return JSON.parse(JSON.stringify(document));
}

for (const name of ['edge-envoy', 'flask-app-envoy'] as const) {
  test(`accepts the seed ${name}`, () => {
    assert.deepEqual(schemaProblemsOf(JSON.parse(readSeed(name).toString())), []);
  });
}

for (const [name, document] of Object.entries(accepted)) {
  test(`accepts ${name}, and so does the parser`, () => {
    assert.deepEqual(schemaProblemsOf(asInFile(document)), []);
    assert.deepEqual(problemsOf(asInFile(document), 'warn'), []);
  });
}

test('accepts the key by which editors find the schema', () => {
  assert.deepEqual(schemaProblemsOf(minimalDocument({ $schema: './envoy-v1.schema.json' })), []);
});

for (const [name, document] of Object.entries(refused)) {
  test(`refuses ${name}, and so does the parser`, () => {
    assert.notDeepEqual(schemaProblemsOf(asInFile(document)), []);
    assert.notDeepEqual(problemsOf(asInFile(document), 'warn'), []);
  });
}

test('a wrong key of a filter is told of alone, not with the keys of other filters', () => {
  const document = managerDocument({ filters: [{ name: 'router', config: { stats: true } }] });
  const wrong = schemaProblemsOf(document).filter((problem) => !problem.includes('"then" schema'));
  assert.deepEqual(wrong, [
    '/listeners/0/filters/0/config/filters/0/config: must NOT have additional properties',
  ]);
});

test('examples and defaults are right themselves', () => {
  ajv.addSchema(schema, 'v1');
  const wrong = Object.entries(schema.definitions).flatMap(([name, { properties = {} }]) =>
    Object.entries(properties).flatMap(([key, rules]) => {
      const values = [...(rules.examples ?? []), ...('default' in rules ? [rules.default] : [])];
      const $ref = `v1#/definitions/${name}/properties/${key}`;
      return values
        .filter((value) => !ajv.validate({ $ref }, value))
        .map((value) => `${name}.${key}: ${JSON.stringify(value)}`);
    }),
  );
  assert.deepEqual(wrong, []);
});

test('public bootstrap files have the verdict that Envoy has', (t) => {
  const folder = join(projectRoot, '..', 'shared', 'corpus', 'configs');
  if (!existsSync(folder)) {
    t.skip('there is no ../shared/corpus beside the project');
    return;
  }
  const rows = readFileSync(join(folder, 'INDEX.tsv'), 'utf8').trim().split('\n').slice(1);
  const wrong = rows.flatMap((row) => {
    const [file = '', kind, verdict] = row.split('\t');
    if (kind !== 'bootstrap') {
      return [];
    }
    const problems = schemaProblemsOf(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    return (problems.length === 0) === (verdict === 'valid') ? [] : [[file, verdict, problems]];
  });
  assert.deepEqual(wrong, []);
});

const mutated: Readonly<Record<string, () => JsonValue>> = {
  'edge-envoy': () => JSON.parse(readSeed('edge-envoy').toString()),
  'flask-app-envoy': () => JSON.parse(readSeed('flask-app-envoy').toString()),
  'a document with many keys': createRichDocument,
};

for (const [name, create] of Object.entries(mutated)) {
  test(`an editor and the parser agree about ${name} with one thing changed`, () => {
    assert.deepEqual(problemsOf(create(), 'warn'), []);
    let refusals = 0;
    for (const { document, description } of documentMutations(create(), 20180817, 1000)) {
      const inEditor = schemaProblemsOf(document);
      // What takes more than one object to tell is the parser's alone.
      const inParser = problemsOf(document, 'warn').filter(
        (problem) => !beyondSchema.test(problem),
      );
      const text = [description, ...inEditor, '--', ...inParser].join('\n');
      assert.equal(inEditor.length === 0, inParser.length === 0, text);
      refusals += inEditor.length === 0 ? 0 : 1;
    }
    assert.ok(refusals > 500, `${refusals} refusals`);
  });
}
