import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../lib/config/parse-config.js';
import { isSameConfig } from '../../../lib/config/same-config.js';
import { buildConfig, type Json, staticCluster } from '../../support/config-builder.js';
import { sslContext } from '../../support/tls-client.js';

function listenersOf(...listeners: readonly Json[]): readonly unknown[] {
  const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
  const [built] = buildConfig({ clusters })['listeners'] as readonly Json[];
  const document = {
    ...buildConfig({ clusters }),
    listeners: listeners.map((listener) => ({ ...built, ...listener })),
  };
  return parseConfig(document, { source: 'test', unsupported: 'error' }).config.listeners;
}

const edge = { name: 'edge', address: 'tcp://127.0.0.1:1', ssl_context: sslContext() };
const other = { name: 'other', address: 'tcp://127.0.0.1:2' };

test('parsed anew, and in another place, a listener is the same', () => {
  const [first] = listenersOf(edge, other);
  const [, second] = listenersOf(other, edge);
  assert.ok(isSameConfig(first, second));
});

for (const [what, change] of Object.entries<Json>({
  'another value': { per_connection_buffer_limit_bytes: 7 },
  'something less': { ssl_context: undefined },
  'another file': { ssl_context: { ...sslContext(), cert_chain_file: '/other.pem' } },
})) {
  test(`with ${what} it is another one`, () => {
    const [first] = listenersOf(edge);
    const [second] = listenersOf({ ...edge, ...change });
    assert.ok(!isSameConfig(first, second));
    assert.ok(!isSameConfig(second, first));
  });
}

test('only what tells a place may differ in its number', () => {
  assert.ok(isSameConfig('listeners[0].ssl_context', 'listeners[12].ssl_context'));
  assert.ok(!isSameConfig('listeners[0].ssl_context', 'listeners[0].filters'));
  assert.ok(!isSameConfig('/a[0]', '/a[1]'));
  assert.ok(!isSameConfig('a', undefined));
  assert.ok(isSameConfig(new Map([['a', 1]]), new Map([['a', 1]])));
  assert.ok(!isSameConfig(new Map([['a', 1]]), new Map([['a', 2]])));
  assert.ok(!isSameConfig([], {}));
});
