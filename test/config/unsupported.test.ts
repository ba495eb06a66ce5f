import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpFilterUnion } from '../../lib/config/schema/http-filter-union.js';
import { allObjectSchemas } from '../../lib/config/schema/key-owners.js';
import { networkFilterUnion } from '../../lib/config/schema/network-filter-schemas.js';
import type { KeySchema, ObjectSchema } from '../../lib/config/schema/schema.js';
import type { UnsupportedFeature } from '../../lib/config/schema/unsupported-feature.js';
import {
  clustersDocument,
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
  const document = clustersDocument([
    staticCluster({ outlier_detection: { consecutive_5xx: '5', interval: 1 } }),
  ]);
  const place = 'cluster_manager.clusters[0].outlier_detection';
  const wrong = [
    `${place}.consecutive_5xx: expected an integer greater than 0, found "5"; write it without quotes`,
    `${place}.interval: unknown key; did you mean "interval_ms"?`,
  ];
  assert.deepEqual(problemsOf(document, 'warn'), wrong);
  assert.deepEqual(problemsOf(document).slice(1), wrong);
});

test('the messages for an unsupported key', () => {
  const document = clustersDocument([staticCluster({ outlier_detection: {} })]);
  const place = 'cluster_manager.clusters[0].outlier_detection';
  assert.deepEqual(problemsOf(document), [
    `${place}: ${known} (hosts are not ejected); remove it, ` +
      "or set unsupported: 'warn' (--unsupported warn) and accept that every host stays in use",
  ]);
  assert.deepEqual(warningsOf(document), [
    `${place}: ${known} (hosts are not ejected), so it is left out: every host stays in use`,
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
  const cluster = (parts: JsonObject): JsonObject => clustersDocument([staticCluster(parts)]);
  assert.equal(only(listener({ address: 'unix:///run/a' })), `listeners[0].address: ${known}`);
  assert.equal(only(listener({ filters: [] })), `listeners[0].filters: ${known}`);
  assert.equal(only(cluster({ type: 'strict_dns' })), `cluster_manager.clusters[0].type: ${known}`);
  assert.equal(
    only(cluster({ type: 'original_dst', lb_type: 'original_dst_lb', hosts: undefined })),
    `cluster_manager.clusters[0].type: ${known}`,
  );
  for (const lbType of ['least_request', 'random']) {
    const problem = only(cluster({ lb_type: lbType }));
    assert.equal(problem, `cluster_manager.clusters[0].lb_type: ${known}`);
  }
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
