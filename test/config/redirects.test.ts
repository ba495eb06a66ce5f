import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../lib/config/parse-config.js';
import {
  type JsonObject,
  problemsOf,
  routePath,
  routesDocument,
  warningsOf,
} from '../support/config-documents.js';

/** What Envoy does not read in a route that redirects, wrong as it may be: reference 2.6.4. */
const unread: JsonObject = {
  shadow: { cluster: 'nobody' },
  host_rewrite: 'a',
  auto_host_rewrite: true,
  prefix_rewrite: '/a b',
  request_headers_to_add: [{ key: 'host', value: 'x' }],
  opaque_config: { a: 1 },
  retry_policy: { retry_on: '5xx' },
  decorator: { operation: 'a' },
};

test('a route that redirects is not refused for what is not read in it', () => {
  const document = routesDocument({ prefix: '/', host_redirect: 'foo.com', ...unread });
  assert.deepEqual(problemsOf(document), []);
  assert.deepEqual(
    warningsOf(document, 'error'),
    Object.keys(unread).map(
      (key) => `${routePath}.${key}: not read, as the route redirects; remove it`,
    ),
  );
  const { config } = parseConfig(document, { source: 'test', unsupported: 'error' });
  const [route] = config.listeners[0]?.connectionManager.routeConfig.virtualHosts[0]?.routes ?? [];
  assert.deepEqual(route?.action, { kind: 'redirect', host: 'foo.com', path: undefined });
});

test('types count even where nothing is read', () => {
  const document = routesDocument({ prefix: '/', path_redirect: '/', timeout_ms: 'long' });
  assert.deepEqual(problemsOf(document), [
    `${routePath}.timeout_ms: expected an integer of at least 0, found "long"`,
  ]);
});

test('a redirect to what is no host or no path is warned of', () => {
  const document = routesDocument(
    { prefix: '/', host_redirect: 'https://foo.com/x', path_redirect: 'noslash' },
    { prefix: '/', host_redirect: 'foo.com:8080', path_redirect: '/x?y' },
  );
  assert.deepEqual(warningsOf(document, 'error'), [
    `${routePath}.host_redirect: only a host stands here, without scheme and path; write "foo.com"`,
    `${routePath}.path_redirect: paths begin with a slash; write "/noslash"`,
  ]);
});

test('a domain that is no host is warned of', () => {
  const document = routesDocument();
  const [listener] = document['listeners'] as JsonObject[];
  const text = JSON.stringify({ ...document, listeners: [listener] }).replace(
    '["*"]',
    '["http://foo.com","bar.com/x","a b","*.c.com"]',
  );
  const domains = routePath.replace('routes[0]', 'domains');
  assert.deepEqual(warningsOf(JSON.parse(text), 'error'), [
    `${domains}[0]: "http://foo.com" never matches, as it is no host; write "foo.com"`,
    `${domains}[1]: "bar.com/x" never matches, as it is no host; write "bar.com"`,
    `${domains}[2]: "a b" never matches, as it is no host`,
  ]);
});

test('a pseudo-header that no request has is warned of', () => {
  const headers = [
    { name: ':pathh', value: '/' },
    { name: ':path', value: '/' },
  ];
  assert.deepEqual(warningsOf(routesDocument({ prefix: '/', cluster: 'a', headers }), 'error'), [
    `${routePath}.headers[0].name: never matches, as no request has it; there are ":authority", ` +
      '":method" and ":path"',
  ]);
});

test('a time-out for each try that is not shorter than that of the route is warned of', () => {
  const route = (timeout_ms: number): JsonObject => ({
    prefix: '/',
    cluster: 'a',
    timeout_ms,
    retry_policy: { retry_on: '5xx', per_try_timeout_ms: 1000 },
  });
  const place = `${routePath}.retry_policy.per_try_timeout_ms`;
  const found = (timeoutMs: number): string[] =>
    warningsOf(routesDocument(route(timeoutMs))).filter((warning) => warning.startsWith(place));
  const rest = 'dropped, as it must be shorter than the time-out of the route, and';
  assert.deepEqual(found(1001), []);
  assert.deepEqual(found(1000), [`${place}: ${rest} that is 1000 ms`]);
  assert.deepEqual(found(0), [`${place}: ${rest} there is none`]);
});
