import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Resource, ResourceManager } from '../../../lib/upstream/resource-manager.js';

test('one more is admitted while fewer than the maximum are active', () => {
  const resource = new Resource(2);
  assert.ok(resource.canCreate());
  resource.active++;
  assert.ok(resource.canCreate());
  resource.active++;
  assert.ok(!resource.canCreate());
  resource.active--;
  assert.ok(resource.canCreate());
});

test('a maximum of 0 admits nothing', () => {
  assert.ok(!new Resource(0).canCreate());
});

test('each limit of the configuration has its own resource', () => {
  const manager = new ResourceManager({
    maxConnections: 1,
    maxPendingRequests: 2,
    maxRequests: 3,
    maxRetries: 4,
  });
  assert.equal(manager.connections.max, 1);
  assert.equal(manager.pendingRequests.max, 2);
  assert.equal(manager.requests.max, 3);
  assert.equal(manager.retries.max, 4);
});

test('a limit of the runtime takes the place of each from then on', () => {
  const values = new Map<string, number>();
  const manager = new ResourceManager(
    { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries: 1 },
    { integer: (key, fallback) => values.get(key) ?? fallback },
    'circuit_breakers.app.high',
  );
  const { connections, pendingRequests, requests, retries } = manager;
  const resources = { connections, pending_requests: pendingRequests, requests, retries };
  for (const [name, resource] of Object.entries(resources)) {
    resource.active = 1;
    assert.ok(!resource.canCreate());
    values.set(`circuit_breakers.app.high.max_${name}`, 2);
    assert.ok(resource.canCreate());
    values.set(`circuit_breakers.app.high.max_${name}`, 0);
    assert.ok(!resource.canCreate());
  }
});
