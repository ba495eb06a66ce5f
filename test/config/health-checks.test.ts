import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse-config.js';
import {
  clustersDocument,
  type JsonObject,
  problemsOf,
  staticCluster,
  warningsOf,
} from '../support/config-documents.js';

const path = 'cluster_manager.clusters[0].health_check';
const required = {
  timeout_ms: 100,
  interval_ms: 1000,
  unhealthy_threshold: 2,
  healthy_threshold: 1,
};

function documentWith(healthCheck: JsonObject): JsonObject {
  return clustersDocument([staticCluster({ health_check: { ...required, ...healthCheck } })]);
}

function parse(healthCheck: JsonObject): unknown {
  const options = { source: 'test', unsupported: 'warn' } as const;
  const { config } = parseConfig(documentWith(healthCheck), options);
  return config.clusterManager.clusters[0]?.healthCheck;
}

function problemsWith(healthCheck: JsonObject): string[] {
  return problemsOf(documentWith(healthCheck), 'warn');
}

const defaults = {
  timeoutMs: 100,
  intervalMs: 1000,
  intervalJitterMs: 0,
  unhealthyThreshold: 2,
  healthyThreshold: 1,
  reuseConnection: true,
};

test('a health check has the defaults of the schema, by its type', () => {
  assert.deepEqual(parse({ type: 'http', path: '/ok' }), {
    ...defaults,
    type: 'http',
    path: '/ok',
    serviceName: undefined,
  });
  assert.deepEqual(parse({ type: 'tcp', send: [], receive: [] }), {
    ...defaults,
    type: 'tcp',
    send: [],
    receive: [],
  });
  assert.deepEqual(parse({ type: 'redis' }), { ...defaults, type: 'redis', redisKey: undefined });
});

test('every key of a health check is read', () => {
  const more = { interval_jitter_ms: 3, reuse_connection: false };
  const read = { ...defaults, intervalJitterMs: 3, reuseConnection: false };
  assert.deepEqual(parse({ type: 'http', path: '/ok?a=b', service_name: 'app', ...more }), {
    ...read,
    type: 'http',
    path: '/ok?a=b',
    serviceName: 'app',
  });
  const send = [{ binary: '00FF' }, { binary: '' }];
  assert.deepEqual(parse({ type: 'tcp', send, receive: [{ binary: '0d0a' }], ...more }), {
    ...read,
    type: 'tcp',
    send: ['00ff', ''],
    receive: ['0d0a'],
  });
  assert.deepEqual(parse({ type: 'redis', redis_key: 'down', ...more }), {
    ...read,
    type: 'redis',
    redisKey: 'down',
  });
});

test('a health check needs its type, times and thresholds', () => {
  assert.deepEqual(problemsOf(clustersDocument([staticCluster({ health_check: {} })]), 'warn'), [
    `${path}: the key "type" is missing; add it, for example "type": "http"`,
    `${path}: the key "timeout_ms" is missing; add it, for example "timeout_ms": 1000`,
    `${path}: the key "interval_ms" is missing; add it, for example "interval_ms": 10000`,
    `${path}: the key "unhealthy_threshold" is missing; add it, for example ` +
      '"unhealthy_threshold": 2',
    `${path}: the key "healthy_threshold" is missing; add it, for example "healthy_threshold": 2`,
  ]);
});

test('each type needs keys of its own', () => {
  assert.deepEqual(problemsWith({ type: 'http' }), [
    `${path}: the key "path" is missing; add it, for example "path": "/healthcheck"`,
  ]);
  assert.deepEqual(problemsWith({ type: 'tcp' }), [
    `${path}: the key "send" is missing; add it, for example ` +
      '"send": [{ "binary": "50494e470d0a" }]',
    `${path}: the key "receive" is missing; add it, for example ` +
      '"receive": [{ "binary": "504f4e47" }]',
  ]);
  assert.deepEqual(problemsWith({ type: 'redis' }), []);
});

test('a key that the type does not read is warned of', () => {
  const all = { path: '/', service_name: 'a', send: [], receive: [], redis_key: 'b' };
  const unread = (type: string): string[] =>
    warningsOf(documentWith({ type, ...all }))
      .filter((warning) => warning.includes('not read'))
      .map((warning) => {
        const rest = `: not read, as the type of this health check is "${type}"; remove it`;
        assert.ok(warning.endsWith(rest), warning);
        return warning.slice(path.length + 1, -rest.length);
      });
  assert.deepEqual(unread('http'), ['send', 'receive', 'redis_key']);
  assert.deepEqual(unread('tcp'), ['path', 'service_name', 'redis_key']);
  assert.deepEqual(unread('redis'), ['path', 'service_name', 'send', 'receive']);
});

test('a path that is none of a request is sent as it is, with a warning', () => {
  for (const wrong of ['', 'ok', 'http://a/', '/a b', '/a#b']) {
    assert.deepEqual(problemsWith({ type: 'http', path: wrong }), []);
    const warning = `${path}.path: hosts may refuse ${JSON.stringify(wrong)}: it is not the path of a request, such as "/healthcheck"`;
    assert.ok(warningsOf(documentWith({ type: 'http', path: wrong })).includes(warning));
  }
});

test('bytes are written in hexadecimal', () => {
  const send = ['0', 'xx', '0x00', '00 ff'].map((binary) => ({ binary }));
  assert.deepEqual(problemsWith({ type: 'tcp', send, receive: [{ text: 'PONG' }] }), [
    ...send.map(
      ({ binary }, index) =>
        `${path}.send[${index}].binary: expected bytes in hexadecimal, two digits each, ` +
        `found "${binary}"`,
    ),
    `${path}.receive[0]: the key "binary" is missing; add it, for example ` +
      '"binary": "50494e470d0a"',
    `${path}.receive[0].text: unknown key; a block of bytes of a health check takes binary`,
  ]);
});

test('bytes that would not be sent are warned of', () => {
  const send = [{ binary: '00' }];
  const warnings = (receive: JsonObject[]): string[] =>
    warningsOf(documentWith({ type: 'tcp', send, receive }));
  assert.deepEqual(warnings([]), [
    `${path}.send: not sent, as nothing is to be received; remove it, or add to receive`,
  ]);
  assert.deepEqual(warnings([{ binary: '00' }]), []);
});
