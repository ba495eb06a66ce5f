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
