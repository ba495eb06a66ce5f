import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { virtualHost } from '../support/config-builder.js';
import { responseTo } from '../support/http-client.js';
import { OutboundFixture } from '../support/outbound-fixture.js';

/** Options of a sidecar with a filter that notes what `storage` holds when a request begins. */
function noting(storage: AsyncLocalStorage<string>, seen: unknown[]): Partial<SidecarOptions> {
  const decodeHead = () => {
    seen.push(storage.getStore());
    return 'continue' as const;
  };
  return { httpFilters: { mine: () => () => ({ decodeHead }) } };
}

test('a request that waits for a connection is made for whom it was made, not for the one before', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t);
  const { agent } = sidecar;
  agent.maxSockets = 1;
  const get = (path: string) => responseTo(http.get(`http://app/${path}`, { agent }));
  const getFor = (id: string) => sidecar.runInContext({ 'x-request-id': id }, () => get(id));
  await Promise.all([getFor('one'), getFor('two'), get('none'), getFor('three')]);
  await getFor('four');
  const received = upstream.requests.map(({ url, headers }) => [url, headers['x-request-id']]);
  assert.deepEqual(
    received.filter(([url]) => url !== '/none'),
    ['one', 'two', 'three', 'four'].map((id) => [`/${id}`, id]),
  );
  const [, ownId] = received.find(([url]) => url === '/none') ?? [];
  assert.ok(!['one', 'two', 'three'].includes(String(ownId)));
});

test('a request that waits for a connection does not take the one of another for its own', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t);
  const { agent } = sidecar;
  agent.maxSockets = 1;
  const begin = (id: string) =>
    sidecar.runInContext({ 'x-request-id': id }, () =>
      http.request(`http://app/${id}`, { agent, method: 'POST' }),
    );
  const lost = begin('lost');
  lost.on('error', () => {});
  const slow = begin('slow');
  await once(lost, 'socket');
  // It gets a connection of its own in the place of the lost one, and nothing is written to it yet.
  lost.destroy();
  await once(slow, 'socket');
  const late = begin('late');
  const responses = [responseTo(slow.end()), responseTo(late.end())];
  await Promise.all(responses);
  assert.deepEqual(
    upstream.requests.map(({ url, headers }) => [url, headers['x-request-id']]),
    [
      ['/slow', 'slow'],
      ['/late', 'late'],
    ],
  );
});

test('filters run in the asynchronous context in which a request is made', async (t) => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const { sidecar } = await OutboundFixture.start(t, undefined, {
    config: { hasListener: true, virtualHosts: [virtualHost(['app'], 'app')] },
    manager: {
      filters: [
        { name: 'mine', config: {} },
        { name: 'router', config: {} },
      ],
    },
    options: noting(storage, seen),
  });
  const { agent } = sidecar;
  agent.maxSockets = 1;
  const begin = (name: string) =>
    storage.run(name, () => http.request('http://app/', { agent, method: 'POST' }));
  const requests = ['one', 'two', 'three'].map(begin);
  const responses = requests.map((request) => responseTo(request));
  // What writes a request need not be what makes it.
  storage.run('writer', () => {
    for (const request of requests) {
      request.end('body');
    }
  });
  await Promise.all(responses);
  assert.deepEqual(seen, ['one', 'two', 'three']);
});
