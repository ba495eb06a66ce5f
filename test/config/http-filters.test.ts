import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HttpFilterConfig } from '../../lib/config/http-filter-config.js';
import type { JsonObject, JsonValue } from '../support/config-documents.js';
import { managerProblems, managerWarnings, parseManager } from '../support/route-documents.js';

const router = { name: 'router', config: {} };

/** A filter of a chain that ends with the router, parsed. */
function parseFilter(name: string, config: JsonObject): HttpFilterConfig | undefined {
  return parseManager({ filters: [{ name, config }, router] }).filters[0];
}

/** What is wrong with the config of a filter, as `.key: message`. */
function filterProblems(name: string, config: JsonValue): string[] {
  const problems = managerProblems({ filters: [{ name, config }, router] });
  return problems.map((line) => line.replaceAll('.filters[0].config', ''));
}

test('the router keeps statistics by status, and makes no spans', () => {
  assert.deepEqual(parseManager({ filters: [router] }).filters, [
    { name: 'router', config: { dynamicStats: true, startChildSpan: false } },
  ]);
  const config = { dynamic_stats: false, start_child_span: true };
  assert.deepEqual(parseManager({ filters: [{ name: 'router', config }] }).filters, [
    { name: 'router', config: { dynamicStats: false, startChildSpan: true } },
  ]);
});

for (const name of ['cors', 'grpc_http1_bridge', 'grpc_web', 'http_dynamo_filter']) {
  test(`${name} has no settings, and passes over those that it does not know`, () => {
    assert.deepEqual(parseFilter(name, {}), { name });
    assert.deepEqual(managerWarnings({ filters: [{ name, config: { a: 1 } }, router] }), [
      `.filters[0].config.a: unknown key, which is ignored; the config of ${name} takes no keys`,
    ]);
  });
}

test('buffer has a size and a time', () => {
  assert.deepEqual(parseFilter('buffer', { max_request_bytes: 0, max_request_time_s: 2 }), {
    name: 'buffer',
    config: { maxRequestBytes: 0, maxRequestTimeMs: 2000 },
  });
  assert.deepEqual(filterProblems('buffer', { max_request_time_s: -1 }), [
    ': the key "max_request_bytes" is missing; add it, for example "max_request_bytes": 1048576',
    '.max_request_time_s: expected an integer of at least 0, found -1',
  ]);
});

describe('fault', () => {
  const nothing = {
    abort: undefined,
    delay: undefined,
    upstreamCluster: undefined,
    headers: [],
    downstreamNodes: [],
  };
  const abort = { abort_percent: 5, http_status: 503 };
  const delay = { type: 'fixed', fixed_delay_percent: 100, fixed_duration_ms: 1 };

  test('aborts, delays or both', () => {
    assert.deepEqual(parseFilter('fault', { abort }), {
      name: 'fault',
      config: { ...nothing, abort: { percent: 5, httpStatus: 503 } },
    });
    const more = { upstream_cluster: 'a', downstream_nodes: ['n'], headers: [{ name: 'X-A' }] };
    assert.deepEqual(parseFilter('fault', { delay, ...more }), {
      name: 'fault',
      config: {
        ...nothing,
        delay: { percent: 100, durationMs: 1 },
        upstreamCluster: 'a',
        headers: [{ name: 'x-a', kind: 'present' }],
        downstreamNodes: ['n'],
      },
    });
  });

  test('does one of them at least', () => {
    assert.deepEqual(filterProblems('fault', { upstream_cluster: 'a' }), [
      ': a fault filter needs "abort" or "delay"; add one of them',
    ]);
  });

  test('has its keys and ranges', () => {
    const config = {
      abort: { abort_percent: 101 },
      delay: { type: 'random', fixed_delay_percent: { numerator: 5 }, fixed_duration_ms: 0 },
      headers: [],
      downstream_nodes: [],
    };
    assert.deepEqual(filterProblems('fault', config), [
      '.abort: the key "http_status" is missing; add it, for example "http_status": 503',
      '.abort.abort_percent: expected at most 100, found 101',
      '.delay.type: expected "fixed", found "random"',
      '.delay.fixed_delay_percent: expected an integer from 0 to 100, found an object',
      '.delay.fixed_duration_ms: expected an integer greater than 0, found 0',
      '.headers: expected at least one entry, found 0',
      '.downstream_nodes: expected at least one entry, found 0',
    ]);
  });

  test('is warned of a status that no response has, and refuses one beyond the schema', () => {
    const warnings = (http_status: number): string[] =>
      managerWarnings({
        filters: [{ name: 'fault', config: { abort: { ...abort, http_status } } }, router],
      });
    assert.deepEqual(warnings(199), [
      '.filters[0].config.abort.http_status: 199 is not the status of a response; ' +
        'write 200 to 599',
    ]);
    assert.deepEqual(warnings(200), []);
    assert.deepEqual(warnings(599), []);
    assert.deepEqual(filterProblems('fault', { abort: { ...abort, http_status: 600 } }), [
      '.abort.http_status: expected at most 599, found 600',
    ]);
  });
});

describe('health_check', () => {
  test('keeps no answers, unless it is told how long', () => {
    const config = { pass_through_mode: true, endpoint: '/ok' };
    assert.deepEqual(parseFilter('health_check', config), {
      name: 'health_check',
      config: { passThroughMode: true, endpoint: '/ok', cacheTimeMs: 0 },
    });
    assert.deepEqual(parseFilter('health_check', { ...config, cache_time_ms: 5 }), {
      name: 'health_check',
      config: { passThroughMode: true, endpoint: '/ok', cacheTimeMs: 5 },
    });
  });

  test('keeps answers only where it passes checks on', () => {
    const config = { pass_through_mode: false, endpoint: '/ok' };
    assert.deepEqual(filterProblems('health_check', { ...config, cache_time_ms: 5 }), [
      '.cache_time_ms: answers are only kept where health checks are sent on; write ' +
        '"pass_through_mode": true, or remove the key',
    ]);
    assert.deepEqual(filterProblems('health_check', { ...config, cache_time_ms: 0 }), []);
  });

  test('needs a mode and a path', () => {
    assert.deepEqual(filterProblems('health_check', {}), [
      ': the key "pass_through_mode" is missing; add it, for example "pass_through_mode": false',
      ': the key "endpoint" is missing; add it, for example "endpoint": "/healthcheck"',
    ]);
  });
});

test('rate_limit asks within 20 ms about every request, unless it is told otherwise', () => {
  assert.deepEqual(parseFilter('rate_limit', { domain: 'd' }), {
    name: 'rate_limit',
    config: { domain: 'd', stage: 0, requestType: 'both', timeoutMs: 20 },
  });
  const config = { domain: 'd', stage: 10, request_type: 'external', timeout_ms: 1 };
  assert.deepEqual(parseFilter('rate_limit', config), {
    name: 'rate_limit',
    config: { domain: 'd', stage: 10, requestType: 'external', timeoutMs: 1 },
  });
  assert.deepEqual(
    filterProblems('rate_limit', { stage: 11, request_type: 'extern', timeout_ms: 0 }),
    [
      ': the key "domain" is missing; add it, for example "domain": "..."',
      '.stage: expected at most 10, found 11',
      '.request_type: expected "internal", "external" or "both", found "extern"; ' +
        'did you mean "external"?',
      '.timeout_ms: expected an integer greater than 0, found 0',
    ],
  );
});

test('lua has a script', () => {
  const config = { inline_code: 'function envoy_on_request() end' };
  assert.deepEqual(parseFilter('lua', config), {
    name: 'lua',
    config: {
      path: 'listeners[0].filters[0].config.filters[0].config.inline_code',
      inlineCode: config.inline_code,
    },
  });
  assert.deepEqual(filterProblems('lua', {}), [
    ': the key "inline_code" is missing; add it, for example "inline_code": "..."',
  ]);
});
