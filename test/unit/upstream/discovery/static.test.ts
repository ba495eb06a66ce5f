import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StaticDiscovery } from '../../../../lib/upstream/discovery/static.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';

test('the configured hosts are members at once', () => {
  const fixture = new ClusterFixture();
  const discovery = new StaticDiscovery(fixture.cluster, [
    { kind: 'tcp', host: '127.0.0.1', port: 80 },
    { kind: 'tcp', host: '::1', port: 81 },
    { kind: 'unix', path: '/run/app.sock' },
  ]);
  let calls = 0;
  discovery.start(() => calls++);
  discovery.close();
  assert.equal(calls, 1);
  assert.deepEqual(fixture.members, ['127.0.0.1:80', '[::1]:81', '/run/app.sock']);
});
