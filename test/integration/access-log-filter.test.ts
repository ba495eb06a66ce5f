import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { DialRandom } from '../support/dial-random.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { type LoggingProxy, startLoggingProxy } from '../support/logging-proxy.js';
import type { ProxyParts } from '../support/proxy.js';
import { until } from '../support/until.js';

/** A proxy with one log, which writes the path of each request that passes the filter. */
function startFiltered(t: TestContext, filter: Json, parts?: ProxyParts): Promise<LoggingProxy> {
  return startLoggingProxy(t, [{ path: 'log', format: '%REQ(:PATH)% ', filter }], parts);
}

/** A host that answers with the status that the path names. */
function startStatusUpstream(): Promise<FakeUpstream> {
  return FakeUpstream.start((request, response) => {
    response.statusCode = Number(request.url?.slice(1));
    response.end();
  });
}

/** What is logged of requests that get these statuses. */
async function loggedStatuses(t: TestContext, filter: Json, statuses: number[]): Promise<string> {
  const upstream = await startStatusUpstream();
  const { proxy, read } = await startFiltered(t, filter, { upstream });
  for (const status of statuses) {
    await proxy.send({ path: `/${status}` });
  }
  return await read('log');
}

test('status_code: op says how the status is compared with value', async (t) => {
  const statuses = [200, 404, 500, 503];
  const type = 'status_code';
  const logged = (op: string): Promise<string> =>
    loggedStatuses(t, { type, op, value: 500 }, statuses);
  assert.equal(await logged('>='), '/500 /503 ');
  assert.equal(await logged('='), '/500 ');
});

test('runtime_key: its value counts in the place of value', async (t) => {
  const upstream = await startStatusUpstream();
  const runtime_key = 'access_log.status';
  const filter = { type: 'status_code', op: '>=', value: 404, runtime_key };
  const { proxy, read } = await startFiltered(t, filter, { upstream });
  for (const value of [undefined, 500, 'all']) {
    proxy.sidecar.runtime.set(runtime_key, value);
    for (const status of [200, 404, 500]) {
      await proxy.send({ path: `/${status}` });
    }
  }
  assert.equal(await read('log'), '/404 /500 /500 /404 /500 ');
});

test('runtime_key: the milliseconds of a request are compared with its value', async (t) => {
  const filter = { type: 'duration', op: '>=', value: 0, runtime_key: 'access_log.duration' };
  const { proxy, read } = await startFiltered(t, filter);
  await proxy.send({ path: '/first' });
  proxy.sidecar.runtime.set('access_log.duration', 1);
  await proxy.send({ path: '/second' });
  assert.equal(await read('log'), '/first ');
});

test('status_code: a request without a response has 0', async (t) => {
  const upstream = await FakeUpstream.start(() => {});
  const filter = { type: 'status_code', op: '=', value: 0 };
  const { proxy, read } = await startFiltered(t, filter, { upstream });
  const client = await proxy.connect();
  client.write('GET /gone HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => upstream.requests.length === 1, 'the host has the request');
  client.socket.destroy();
  await proxy.untilStat('downstream_rq_active', 0);
  assert.equal(await read('log'), '/gone ');
});

test('duration: the milliseconds of a request are compared with value', async (t) => {
  for (const [op, logged] of [
    ['>=', '/100 /150 '],
    ['=', '/100 '],
  ]) {
    const held: ServerResponse[] = [];
    const upstream = await FakeUpstream.start((_request, response) => held.push(response));
    const { proxy, read } = await startFiltered(
      t,
      { type: 'duration', op, value: 100 },
      { upstream },
    );
    for (const durationMs of [99, 100, 150]) {
      const response = proxy.send({ path: `/${durationMs}` });
      await until(() => held.length === 1, 'the host has the request');
      proxy.clock.advance(durationMs);
      held.pop()?.end();
      await response;
    }
    assert.equal(await read('log'), logged);
  }
});

test('not_healthcheck: what the filter health_check takes for one is not logged', async (t) => {
  const healthCheck = { pass_through_mode: false, endpoint: '/health' };
  const filters = [
    { type: 'both', name: 'health_check', config: healthCheck },
    { type: 'decoder', name: 'router', config: {} },
  ];
  const { proxy, read } = await startFiltered(
    t,
    { type: 'not_healthcheck' },
    { manager: { filters } },
  );
  for (const path of ['/health', '/healthy', '/']) {
    await proxy.send({ path });
  }
  assert.equal(await read('log'), '/healthy / ');
});

test('traceable_request: only requests whose trace a service has forced are logged', async (t) => {
  const { proxy, read } = await startFiltered(t, { type: 'traceable_request' });
  for (const mark of ['4', '9', 'a', 'b']) {
    const id = `00000000-0000-${mark}000-8000-000000000000`;
    await proxy.send({ path: `/${mark}`, headers: { 'x-request-id': id } });
  }
  assert.equal(await read('log'), '/a ');
});

test('runtime: a key without a value is a share of 0, so nothing is logged', async (t) => {
  const { proxy, read } = await startFiltered(t, { type: 'runtime', key: 'access_log.sampled' });
  await proxy.send({ headers: { 'x-request-id': '00000000-0000-4000-8000-000000000000' } });
  await proxy.send();
  assert.equal(await read('log'), '');
});

test('runtime: the key is the share of the requests, by their x-request-id', async (t) => {
  const { proxy, read } = await startFiltered(t, { type: 'runtime', key: 'access_log.sampled' });
  const { runtime } = proxy.sidecar;
  // The first eight digits are 49, 50, 149 and 150.
  const starts = ['00000031', '00000032', '00000095', '00000096'];
  for (const share of [0, 50, 100]) {
    runtime.set('access_log.sampled', share);
    for (const start of starts) {
      const id = `${start}-0000-4000-8000-000000000000`;
      await proxy.send({ path: `/${share}-${start}`, headers: { 'x-request-id': id } });
    }
  }
  const expected = ['50-00000031', '50-00000095', ...starts.map((start) => `100-${start}`)];
  assert.equal(await read('log'), expected.map((path) => `/${path} `).join(''));
});

test('runtime: without an x-request-id the share is drawn', async (t) => {
  const random = new DialRandom();
  const { proxy, read } = await startFiltered(
    t,
    { type: 'runtime', key: 'access_log.sampled' },
    { manager: { generate_request_id: false }, environment: { random } },
  );
  proxy.sidecar.runtime.set('access_log.sampled', 50);
  for (const number of [49, 50, 99, 100]) {
    random.value = number;
    await proxy.send({ path: `/${number}`, headers: { 'x-request-id': '' } });
  }
  assert.equal(await read('log'), '/49 /100 ');
});

test('logical_and and logical_or: filters are combined, at any depth', async (t) => {
  const atLeast = (value: number): Json => ({ type: 'status_code', op: '>=', value });
  const is = (value: number): Json => ({ type: 'status_code', op: '=', value });
  const statuses = [200, 201, 404, 500, 503];
  const either = { type: 'logical_or', filters: [is(201), atLeast(404)] };
  assert.equal(await loggedStatuses(t, either, statuses), '/201 /404 /500 /503 ');
  const both = {
    type: 'logical_and',
    filters: [either, { type: 'logical_or', filters: [is(404), is(503), is(200)] }],
  };
  assert.equal(await loggedStatuses(t, both, statuses), '/404 /503 ');
});

test('filter: each entry has its own, also in a file that several share', async (t) => {
  const upstream = await startStatusUpstream();
  const filter = { type: 'status_code', op: '>=', value: 500 };
  const { proxy, read } = await startLoggingProxy(
    t,
    [
      { path: 'shared', format: 'all %RESPONSE_CODE%\n' },
      { path: 'shared', format: 'failed %RESPONSE_CODE%\n', filter },
    ],
    { upstream },
  );
  await proxy.send({ path: '/200' });
  await proxy.send({ path: '/500' });
  assert.equal(await read('shared'), 'all 200\nall 500\nfailed 500\n');
});
