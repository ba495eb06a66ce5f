import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

const get = 'GET / HTTP/1.1\r\nhost: foo.com\r\n\r\n';
const counter = 'http.ingress_http.downstream_cx_idle_timeout';

test('idle_timeout_s: a connection without a request is closed after that time', async (t) => {
  const proxy = await TestProxy.start(t, { manager: { idle_timeout_s: 10 } });
  const client = await proxy.connect();
  await proxy.untilStat('downstream_cx_active', 1);
  proxy.clock.advance(9000);
  client.write(get);
  await client.until('hello');
  // The time begins anew with the end of the request.
  proxy.clock.advance(9000);
  client.write(get);
  await client.until('hello');
  assert.equal((await proxy.stats()).get(counter), 0);
  proxy.clock.advance(11_000);
  await client.untilClosed();
  assert.equal((await proxy.stats()).get(counter), 1);
});

test('a connection that nobody ever used is closed too', async (t) => {
  const proxy = await TestProxy.start(t, { manager: { idle_timeout_s: 10 } });
  const client = await proxy.connect();
  await proxy.untilStat('downstream_cx_active', 1);
  proxy.clock.advance(11_000);
  await client.untilClosed();
});

test('half a head is no request', async (t) => {
  const proxy = await TestProxy.start(t, { manager: { idle_timeout_s: 10 } });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost');
  await proxy.untilStat('downstream_cx_active', 1);
  proxy.clock.advance(11_000);
  assert.equal(await client.untilClosed(), '');
  assert.equal((await proxy.stats()).get(counter), 1);
});

test('a request under way keeps its connection, however long it takes', async (t) => {
  let answer = (): void => {};
  const upstream = await FakeUpstream.start((_request, response) => {
    answer = () => response.end('late');
  });
  const proxy = await TestProxy.start(t, {
    upstream,
    manager: { idle_timeout_s: 10 },
    route: { timeout_ms: 0 },
  });
  const client = await proxy.connect();
  client.write(get);
  await proxy.untilStat('downstream_rq_active', 1);
  proxy.clock.advance(60_000);
  assert.equal((await proxy.stats()).get(counter), 0);
  answer();
  await client.until('late');
  proxy.clock.advance(11_000);
  await client.untilClosed();
});

test('without idle_timeout_s, or with 0, connections stay', async (t) => {
  for (const manager of [{}, { idle_timeout_s: 0 }]) {
    const proxy = await TestProxy.start(t, { manager });
    const client = await proxy.connect();
    client.write(get);
    await client.until('hello');
    proxy.clock.advance(3_600_000);
    client.write(get.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    assert.match(await client.untilClosed(), /hello[\s\S]*hello$/);
  }
});
