import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpFilterUnion } from '../../lib/config/schema/http-filter-union.js';
import { allObjectSchemas } from '../../lib/config/schema/key-owners.js';
import { networkFilterUnion } from '../../lib/config/schema/network-filter-schemas.js';
import type { KeySchema, ObjectSchema } from '../../lib/config/schema/schema.js';
import type { UnsupportedFeature } from '../../lib/config/schema/unsupported-feature.js';
import {
  httpListener,
  type JsonObject,
  type JsonValue,
  managerConfig,
  managerDocument,
  minimalDocument,
  problemsOf,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';
import { documentWith } from '../support/schema-documents.js';
import { sampleOf, sampleVariant } from '../support/schema-samples.js';

const known = 'known but not supported yet';

/** A document with one unsupported key, and what must be said of it. */
interface UnsupportedCase {
  readonly document: JsonObject;
  readonly path: string;
  readonly feature: UnsupportedFeature;
}

function* unsupportedKeys(): Generator<UnsupportedCase> {
  for (const schema of allObjectSchemas()) {
    for (const [key, keySchema] of Object.entries(schema.keys)) {
      const feature = keySchema.unsupported;
      if (feature !== undefined) {
        yield { ...caseOf(schema, key, harmfulSample(schema, key, keySchema)), feature };
      }
    }
  }
}

function caseOf(
  schema: ObjectSchema,
  key: string,
  value: JsonValue,
): Omit<UnsupportedCase, 'feature'> {
  const { document, path } = documentWith(schema, key, value);
  return { document, path: path === '' ? key : `${path}.${key}` };
}

/** A value that asks for something. */
function harmfulSample(schema: ObjectSchema, key: string, keySchema: KeySchema): JsonValue {
  const sample = sampleOf(schema, key, keySchema);
  const isHarmless = keySchema.unsupported?.isHarmless;
  if (isHarmless?.(sample) !== true) {
    return sample;
  }
  if (keySchema.value.type !== 'object') {
    return keySchema.value.type === 'map' ? { key: 'value' } : 1;
  }
  const inner = keySchema.value.object;
  const [first = ['', undefined]] = Object.entries(inner.keys);
  return first[1] === undefined ? {} : { [first[0]]: sampleOf(inner, first[0], first[1]) };
}

test('every unsupported key is a problem with its path, the reason and what to do', () => {
  for (const { document, path, feature } of unsupportedKeys()) {
    const { reason, instead = 'remove it', leavesOut, without } = feature;
    const consequence = leavesOut === undefined ? without : `${leavesOut} is left out, ${without}`;
    const expected =
      `${path}: ${known} (${reason}); ${instead}, ` +
      `or set unsupported: 'warn' (--unsupported warn) and accept that ${consequence}`;
    assert.ok(problemsOf(document).includes(expected), expected);
  }
});

test('where unsupported keys are left out, every one is a warning', () => {
  for (const { document, path, feature } of unsupportedKeys()) {
    const { reason, leavesOut, without } = feature;
    const consequence =
      leavesOut === undefined
        ? `it is left out: ${without}`
        : `${leavesOut} is left out, ${without}`;
    const expected = `${path}: ${known} (${reason}), so ${consequence}`;
    assert.ok(warningsOf(document).includes(expected), expected);
  }
});

test('unsupported keys that ask for nothing are accepted in silence', () => {
  let compared = 0;
  for (const schema of allObjectSchemas()) {
    for (const [key, { unsupported }] of Object.entries(schema.keys)) {
      for (const value of [false, 0, {}]) {
        if (unsupported?.isHarmless?.(value) === true) {
          const { document, path } = caseOf(schema, key, value);
          assert.ok(!problemsOf(document).some((line) => line.startsWith(`${path}: `)), path);
          compared++;
        }
      }
    }
  }
  assert.ok(compared > 4, `${compared}`);
});

test('the value of an unsupported key is checked as well', () => {
  const tracing = { http: { driver: { type: 'zipkin', config: { collector_cluster: 5 } } } };
  const document = minimalDocument({ tracing });
  const wrong = problemsOf(document, 'warn');
  assert.ok(wrong.length > 0 && wrong.every((line) => line.startsWith('tracing.http.driver')));
  assert.deepEqual(problemsOf(document).slice(1), wrong);
});

test('the messages for an unsupported key', () => {
  const document = minimalDocument({ flags_path: '/etc/flags' });
  assert.deepEqual(problemsOf(document), [
    `flags_path: ${known} (flag files are not read); remove it, ` +
      "or set unsupported: 'warn' (--unsupported warn) and accept that no flag is set",
  ]);
  assert.deepEqual(warningsOf(document), [
    `flags_path: ${known} (flag files are not read), so it is left out: no flag is set`,
  ]);
});

test('values that are known but not supported are told apart from wrong ones', () => {
  const only = (document: JsonObject): string => {
    const problems = problemsOf(document);
    assert.equal(problems.length, 1, problems.join('\n'));
    return problems[0]?.replace(/ \(.*/, '') ?? '';
  };
  const listener = (parts: JsonObject): JsonObject =>
    minimalDocument({ listeners: [httpListener(managerConfig(), parts)] });
  assert.equal(only(listener({ address: 'unix:///run/a' })), `listeners[0].address: ${known}`);
  assert.equal(only(listener({ filters: [] })), `listeners[0].filters: ${known}`);
});

test('every filter of v1 that is not built is one problem', () => {
  const manager = { name: 'http_connection_manager', config: managerConfig() };
  const cluster_manager = { clusters: [staticCluster()] };
  for (const [name, { unsupported }] of Object.entries(networkFilterUnion.variants)) {
    const filters = [sampleVariant(networkFilterUnion, name), manager];
    if (unsupported !== undefined) {
      const document = minimalDocument({
        listeners: [httpListener({}, { filters })],
        cluster_manager,
      });
      const [problem = '', ...rest] = problemsOf(document);
      assert.ok(problem.startsWith(`listeners[0].filters[0].name: ${known} (`), problem);
      assert.deepEqual(rest, []);
    }
  }
  for (const [name, { unsupported }] of Object.entries(httpFilterUnion.variants)) {
    const filters = [sampleVariant(httpFilterUnion, name), { name: 'router', config: {} }];
    if (unsupported !== undefined) {
      const [problem = '', ...rest] = problemsOf({
        ...managerDocument({ filters }),
        cluster_manager,
      });
      assert.ok(problem.startsWith(`listeners[0].filters[0].config.filters[0].name: ${known} (`));
      assert.deepEqual(rest, []);
    }
  }
});

test('a network filter that stands for the whole listener is one problem', () => {
  for (const name of ['tcp_proxy', 'redis_proxy', 'echo', 'client_ssl_auth']) {
    const filters = [sampleVariant(networkFilterUnion, name)];
    const document = minimalDocument({
      listeners: [httpListener({}, { filters })],
      cluster_manager: { clusters: [staticCluster()] },
    });
    const [problem = '', ...rest] = problemsOf(document);
    assert.ok(problem.startsWith(`listeners[0].filters[0].name: ${known} (`), problem);
    assert.deepEqual(rest, []);
  }
});
