import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { BalancedProxy, chiSquareOf } from '../support/balanced-proxy.js';
import { until } from '../support/until.js';

test('lb_type least_request: a host with requests under way is taken only if it is drawn twice', async (t) => {
  const balanced = await BalancedProxy.start(t, { cluster: { lb_type: 'least_request' } });
  await balanced.setHosts(['a'], ['b'], ['c']);
  const held: ServerResponse[] = [];
  const slow = balanced.host('a');
  const quick = slow.handler;
  slow.handler = (_request, response) => held.push(response);
  let pending: Promise<unknown> | undefined;
  while (held.length === 0) {
    let isDone = false;
    pending = balanced.proxy.send().then(() => {
      isDone = true;
    });
    await until(() => isDone || held.length > 0, 'a request is served, or hangs');
  }
  slow.handler = quick;
  const { a = 0, b = 0, c = 0 } = await balanced.shares(180);
  // Both draws, of three hosts each: 1 in 9; the others share the rest.
  assert.ok(a >= 5 && a <= 40, `${a}, ${b}, ${c}`);
  assert.ok(chiSquareOf({ b, c }, (b + c) / 2) < 20, `${a}, ${b}, ${c}`);
  for (const response of held) {
    response.end('a');
  }
  await pending;
});

test('idle hosts get the same, and of different weights their share', async (t) => {
  const balanced = await BalancedProxy.start(t, { cluster: { lb_type: 'least_request' } });
  await balanced.setHosts(['a'], ['b']);
  const { a = 0, b = 0 } = await balanced.shares(120);
  assert.ok(chiSquareOf({ a, b }, 60) < 20, `${a} and ${b}`);
  await balanced.setHosts(['a'], ['b', { load_balancing_weight: 9 }]);
  const weighted = await balanced.shares(120);
  assert.ok((weighted['a'] ?? 0) < 30, JSON.stringify(weighted));
  balanced.proxy.sidecar.runtime.set('upstream.weight_enabled', 0);
  const even = await balanced.shares(120);
  assert.ok((even['a'] ?? 0) > 35, JSON.stringify(even));
});
