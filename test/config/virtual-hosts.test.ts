import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RouteTableConfig, VirtualHostConfig } from '../../lib/config/route-table-config.js';
import type { JsonObject } from '../support/config-documents.js';
import {
  managerProblems,
  managerWarnings,
  parseForward,
  parseManager,
  routeProblems,
} from '../support/route-documents.js';

const least = { name: 'v', domains: ['*'], routes: [] };

function parseTable(parts: JsonObject): RouteTableConfig {
  return parseManager({ route_config: { virtual_hosts: [], ...parts } }).routeConfig;
}

function parseHost(parts: JsonObject): VirtualHostConfig | undefined {
  return parseTable({ virtual_hosts: [{ ...least, ...parts }] }).virtualHosts[0];
}

/** What is wrong with a virtual host, as `.key: message`. */
function hostProblems(parts: JsonObject): string[] {
  const problems = managerProblems({ route_config: { virtual_hosts: [{ ...least, ...parts }] } });
  return problems.map((line) => line.replaceAll('.route_config.virtual_hosts[0]', ''));
}

test('a route table that says nothing has the defaults of the schema', () => {
  assert.deepEqual(parseTable({}), {
    virtualHosts: [],
    validateClusters: true,
    internalOnlyHeaders: [],
    requestHeadersToAdd: [],
    responseHeadersToAdd: [],
    responseHeadersToRemove: [],
  });
  assert.equal(parseTable({ validate_clusters: false }).validateClusters, false);
});

test('a virtual host that says nothing has the defaults of the schema', () => {
  assert.deepEqual(parseHost({}), {
    name: 'v',
    domains: ['*'],
    routes: [],
    requireSsl: undefined,
    virtualClusters: [],
    rateLimits: [],
    requestHeadersToAdd: [],
    cors: undefined,
  });
});

describe('require_ssl', () => {
  test('is one of two words', () => {
    assert.equal(parseHost({ require_ssl: 'all' })?.requireSsl, 'all');
    assert.equal(parseHost({ require_ssl: 'external_only' })?.requireSsl, 'external_only');
    assert.deepEqual(hostProblems({ require_ssl: 'external' }), [
      '.require_ssl: expected "all" or "external_only", found "external"; ' +
        'did you mean "external_only"?',
    ]);
    assert.deepEqual(hostProblems({ require_ssl: true }), [
      '.require_ssl: expected "all" or "external_only", found true',
    ]);
  });
});

describe('virtual clusters', () => {
  test('have a pattern, a name and perhaps a method', () => {
    const virtual_clusters = [
      { pattern: '/a/.*', name: 'a' },
      { pattern: '/b', name: 'b', method: 'PUT', priority: 'high' },
    ];
    assert.deepEqual(parseHost({ virtual_clusters })?.virtualClusters, [
      { pattern: '/a/.*', name: 'a', method: undefined },
      { pattern: '/b', name: 'b', method: 'PUT' },
    ]);
  });

  test('are refused without them, or with a pattern that is wrong', () => {
    const virtual_clusters = [{ method: 5 }, { pattern: '/[', name: 'a' }];
    assert.deepEqual(hostProblems({ virtual_clusters }), [
      '.virtual_clusters[0]: the key "pattern" is missing; add it, for example ' +
        '"pattern": "/users/\\\\d+"',
      '.virtual_clusters[0]: the key "name" is missing; add it, for example "name": "user"',
      '.virtual_clusters[0].method: expected a string, found 5; write it in quotes: "5"',
      '.virtual_clusters[1].pattern: the pattern "/[" has a class that is not closed, opened at ' +
        'character 2; close it with "]", or write "\\[" for the character itself',
    ]);
    assert.deepEqual(hostProblems({ virtual_clusters: [] }), [
      '.virtual_clusters: expected at least one entry, found 0',
    ]);
  });

  test('may have keys that nobody knows, as Envoy passes over them', () => {
    const virtual_clusters = [{ pattern: '/', name: 'a', owner: 'me' }];
    const route_config = { virtual_hosts: [{ ...least, virtual_clusters }] };
    assert.deepEqual(managerWarnings({ route_config }), [
      '.route_config.virtual_hosts[0].virtual_clusters[0].owner: unknown key, which is ignored; ' +
        'a virtual cluster takes pattern, name, method, priority',
    ]);
  });
});

describe('cors', () => {
  const nothing = {
    enabled: undefined,
    allowOrigin: [],
    allowMethods: undefined,
    allowHeaders: undefined,
    exposeHeaders: undefined,
    maxAge: undefined,
    allowCredentials: undefined,
  };

  test('may say nothing', () => {
    assert.deepEqual(parseHost({ cors: {} })?.cors, nothing);
    assert.deepEqual(parseForward({ cors: {} }).cors, nothing);
  });

  test('has the same keys in a virtual host and a route, but for "enabled"', () => {
    const cors = {
      allow_origin: ['https://a.com', '*'],
      allow_methods: 'GET, PUT',
      allow_headers: 'x-a',
      expose_headers: 'x-b',
      max_age: '86400',
      allow_credentials: false,
    };
    const parsed = {
      enabled: undefined,
      allowOrigin: ['https://a.com', '*'],
      allowMethods: 'GET, PUT',
      allowHeaders: 'x-a',
      exposeHeaders: 'x-b',
      maxAge: '86400',
      allowCredentials: false,
    };
    assert.deepEqual(parseHost({ cors })?.cors, parsed);
    assert.deepEqual(parseForward({ cors: { ...cors, enabled: false } }).cors, {
      ...parsed,
      enabled: false,
    });
    assert.deepEqual(hostProblems({ cors: { enabled: true } }), [
      '.cors.enabled: unknown key; the cors of a virtual host does not take it, it belongs in ' +
        'the cors of a route',
    ]);
  });

  test('has its types: the age is a string', () => {
    const cors = { enabled: 1, allow_origin: '*', max_age: 86400, allow_method: 'GET' };
    assert.deepEqual(routeProblems({ prefix: '/', cluster: 'a', cors }), [
      '.cors.enabled: expected true or false, found 1',
      '.cors.allow_origin: expected an array, found "*"; put [ ] around it',
      '.cors.max_age: expected a string, found 86400; write it in quotes: "86400"',
      '.cors.allow_method: unknown key; did you mean "allow_methods"?',
    ]);
  });

  for (const key of ['allow_methods', 'allow_headers', 'expose_headers', 'max_age']) {
    test(`refuses ${key} that is not fit for a header`, () => {
      assert.deepEqual(hostProblems({ cors: { [key]: '1\r\nx: y' } }), [
        `.cors.${key}: "1\\r\\nx: y" cannot be the value of a header; remove the control characters`,
      ]);
    });
  }
});
