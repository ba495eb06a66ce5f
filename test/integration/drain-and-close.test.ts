import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { DrainOptions } from '../../lib/drain-options.js';
import type { Sidecar } from '../../lib/sidecar.js';
import { clusterCounts } from '../support/cluster-counts.js';

import { DiscoveryFixture, refreshDelayMs } from '../support/discovery-server.js';
import { FakeDns } from '../support/fake-dns.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { send } from '../support/http-client.js';
import { assertNothingLeft, countHandles } from '../support/leftovers.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const get = 'GET / HTTP/1.1\r\nhost: foo.com\r\n\r\n';

/** A host that answers when the test says so. */
class SlowHost {
  readonly upstream: FakeUpstream;
  readonly proxy: TestProxy;
  readonly waiting: ServerResponse[];

  private constructor(upstream: FakeUpstream, proxy: TestProxy, waiting: ServerResponse[]) {
    this.upstream = upstream;
    this.proxy = proxy;
    this.waiting = waiting;
  }

  static async start(t: TestContext): Promise<SlowHost> {
    const waiting: ServerResponse[] = [];
    const upstream = await FakeUpstream.start((_request, response) => waiting.push(response));
    return new SlowHost(upstream, await TestProxy.start(t, { upstream }), waiting);
  }

  /** Waits until so many requests have reached the host. */
  async untilReached(count: number): Promise<void> {
    await until(() => this.waiting.length === count, `${count} requests are there`);
  }
}

/** Follows a promise. */
function watch(promise: Promise<unknown>): { isDone: boolean } {
  const state = { isDone: false };
  promise.then(
    () => {
      state.isDone = true;
    },
    () => {},
  );
  return state;
}

async function turns(): Promise<void> {
  let left = 300;
  await until(() => left-- === 0, 'some turns of the event loop have passed');
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

async function serverState(proxy: TestProxy): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${proxy.adminPort}/server_info`);
  return (await response.text()).split(' ')[2] ?? '';
}

describe('drain', () => {
  test('says at once that this instance wants no traffic, and serves during the delay', async (t) => {
    const proxy = await TestProxy.start(t);
    assert.equal(await serverState(proxy), 'live');
    const draining = proxy.sidecar.drain({ delayMs: 5000 });
    const state = watch(draining);
    assert.equal(await serverState(proxy), 'draining');
    const response = await proxy.send();
    assert.equal(response.text, 'hello');
    assert.equal(response.headers.connection, 'close');
    proxy.clock.advance(4999);
    assert.equal((await proxy.send()).text, 'hello');
    assert.ok(!state.isDone);
    proxy.clock.advance(1);
    await draining;
    assert.equal(await isRefused(proxy.port), true);
    assert.equal(await serverState(proxy), 'draining', 'the admin server stays');
    await fetch(`http://127.0.0.1:${proxy.adminPort}/healthcheck/ok`, { method: 'POST' });
    assert.equal(await serverState(proxy), 'draining', 'there is no way back');
  });

  test('closes idle connections, and the others behind their response', async (t) => {
    const host = await SlowHost.start(t);
    const [busy, idle] = [await host.proxy.connect(), await host.proxy.connect()];
    busy.write(get);
    await host.untilReached(1);
    const draining = host.proxy.sidecar.drain();
    const state = watch(draining);
    assert.equal(await idle.untilClosed(), '');
    await turns();
    assert.ok(!state.isDone);
    host.waiting[0]?.end('hello');
    const answer = await busy.untilClosed();
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.match(answer, /hello$/);
    await draining;
  });

  test('waits for the application’s own calls, which it may still begin', async (t) => {
    const host = await SlowHost.start(t);
    const inbound = send(host.proxy.port);
    await host.untilReached(1);
    const draining = host.proxy.sidecar.drain();
    const state = watch(draining);
    const outbound = host.proxy.sidecar.request('http://foo.com/');
    await host.untilReached(2);
    host.waiting[0]?.end('inbound');
    assert.equal((await inbound).text, 'inbound');
    await turns();
    assert.ok(!state.isDone, 'the outbound call is under way');
    host.waiting[1]?.write('out');
    const response = await outbound;
    await turns();
    assert.ok(!state.isDone, 'its body is not complete');
    host.waiting[1]?.end('bound');
    assert.equal(await response.body.text(), 'outbound');
    await draining;
  });

  test('waits for calls that are passed on to other hosts, too', async (t) => {
    const host = await SlowHost.start(t);
    const proxy = await TestProxy.start(t, { config: { hasListener: false } });
    const call = proxy.sidecar.request(`http://127.0.0.1:${host.upstream.port}/`);
    await host.untilReached(1);
    const draining = proxy.sidecar.drain();
    const state = watch(draining);
    await turns();
    assert.ok(!state.isDone);
    host.waiting[0]?.end('hello');
    assert.equal(await (await call).body.text(), 'hello');
    await draining;
  });

  test('ends when its time is up, whatever is under way', async (t) => {
    const host = await SlowHost.start(t);
    const inbound = send(host.proxy.port);
    await host.untilReached(1);
    const draining = host.proxy.sidecar.drain({ delayMs: 100, timeoutMs: 1000 });
    const state = watch(draining);
    host.proxy.clock.advance(100);
    await turns();
    host.proxy.clock.advance(999);
    await turns();
    assert.ok(!state.isDone);
    host.proxy.clock.advance(1);
    await draining;
    host.waiting[0]?.end('still served');
    assert.equal((await inbound).text, 'still served');
  });

  test('called again joins the first call', async (t) => {
    const proxy = await TestProxy.start(t);
    const first = proxy.sidecar.drain({ delayMs: 1000 });
    const second = watch(proxy.sidecar.drain());
    await turns();
    assert.ok(!second.isDone);
    proxy.clock.advance(1000);
    await first;
    await until(() => second.isDone, 'the second call is done');
  });

  test('refuses times that are none', async (t) => {
    const proxy = await TestProxy.start(t);
    for (const wrong of [-1, Number.NaN, '5', null]) {
      const isRefusedOption = { code: 'SIDECAR_OPTION_INVALID' };
      // A caller without types may do so.
      const options = { delayMs: wrong } as unknown as DrainOptions;
      if (wrong !== null) {
        await assert.rejects(proxy.sidecar.drain(options), isRefusedOption);
        await assert.rejects(
          proxy.sidecar.close({ timeoutMs: wrong as unknown as number }),
          isRefusedOption,
        );
      }
    }
    assert.equal((await proxy.send()).status, 200);
  });
});

describe('close', () => {
  test('lets requests under way end, and then leaves nothing behind', async (t) => {
    const before = countHandles();
    const host = await SlowHost.start(t);
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const inbound = send(host.proxy.port, { agent });
    await host.untilReached(1);
    const { port, adminPort } = host.proxy;
    const closing = host.proxy.sidecar.close();
    const state = watch(closing);
    await turns();
    assert.ok(!state.isDone);
    host.waiting[0]?.end('hello');
    assert.equal((await inbound).text, 'hello');
    await closing;
    assert.equal(await isRefused(port), true);
    assert.equal(await isRefused(adminPort), true);
    assert.equal(host.upstream.sockets.size, 0);
    assert.deepEqual(host.proxy.sidecar.listeners, []);
    assert.equal(host.proxy.sidecar.admin, undefined);
    assert.equal(host.proxy.clock.timerCount, 0);
    await host.upstream.close();
    await assertNothingLeft(before);
  });

  test('cuts what is not done in time, on both sides, and says so in the access log', async (t) => {
    const host = await SlowHost.start(t);
    const client = await host.proxy.connect();
    client.write(get);
    await host.untilReached(1);
    const closing = host.proxy.sidecar.close({ timeoutMs: 1000 });
    host.proxy.clock.advance(999);
    await turns();
    assert.equal(host.upstream.sockets.size, 1);
    host.proxy.clock.advance(1);
    await closing;
    assert.equal(await client.untilClosed(), '');
    await until(() => host.upstream.sockets.size === 0, 'the upstream connection is closed');
    const [line = ''] = await host.proxy.logLines(1);
    assert.match(line, /"GET \/ HTTP\/1\.1" 0 /);
  });

  test('cuts a response in the middle, visibly', async (t) => {
    const host = await SlowHost.start(t);
    const client = await host.proxy.connect();
    client.write(get);
    await host.untilReached(1);
    host.waiting[0]?.write('hello');
    await client.until('hello');
    await host.proxy.sidecar.close({ timeoutMs: 0 });
    const received = await client.untilClosed();
    assert.ok(!received.includes('\r\n0\r\n'));
  });

  test('with no time to spare does not wait', async (t) => {
    const host = await SlowHost.start(t);
    const client = await host.proxy.connect();
    client.write(get);
    await host.untilReached(1);
    await host.proxy.sidecar.close({ timeoutMs: 0 });
    assert.equal(await client.untilClosed(), '');
  });

  test('opens no connection for requests that wait for one', async (t) => {
    const waiting: ServerResponse[] = [];
    const upstream = await FakeUpstream.start((_request, response) => waiting.push(response));
    const proxy = await TestProxy.start(t, {
      upstream,
      cluster: { circuit_breakers: { default: { max_connections: 1 } } },
    });
    const clients = [await proxy.connect(), await proxy.connect()];
    for (const client of clients) {
      client.write(get);
    }
    await proxy.untilStat('downstream_rq_active', 2);
    await until(() => waiting.length === 1, 'one request is there');
    await proxy.sidecar.close({ timeoutMs: 0 });
    await until(() => upstream.sockets.size === 0, 'the upstream connection is closed');
    await turns();
    assert.equal(upstream.requests.length, 1);
  });

  test('ends the application’s own calls with SIDECAR_CLOSED, and refuses new ones', async (t) => {
    const host = await SlowHost.start(t);
    const { sidecar } = host.proxy;
    const direct = await SlowHost.start(t);
    const directUrl = `http://127.0.0.1:${direct.upstream.port}/`;
    const waiting = sidecar.request('http://foo.com/');
    const other = await TestProxy.start(t, { config: { hasListener: false } });
    const passedOn = other.sidecar.request(directUrl);
    await host.untilReached(1);
    const reading = sidecar.request('http://foo.com/');
    await host.untilReached(2);
    host.waiting[1]?.write('hel');
    const text = (await reading).body.text();
    await direct.untilReached(1);
    const isClosed = { name: 'SidecarError', code: 'SIDECAR_CLOSED' };
    const rejections = [waiting, text, passedOn].map((call) => assert.rejects(call, isClosed));
    await sidecar.close({ timeoutMs: 0 });
    await other.sidecar.close({ timeoutMs: 0 });
    await Promise.all(rejections);
    await assert.rejects(sidecar.request('http://foo.com/'), isClosed);
    await assert.rejects(other.sidecar.request(directUrl), isClosed);
    await until(() => direct.upstream.sockets.size === 0, 'the connection is closed');
  });

  test('skips what is left of the delay of a drain, and ends its wait', async (t) => {
    const host = await SlowHost.start(t);
    const client = await host.proxy.connect();
    client.write(get);
    await host.untilReached(1);
    const draining = host.proxy.sidecar.drain({ delayMs: 60_000, timeoutMs: 60_000 });
    const idle = await host.proxy.connect();
    const closing = host.proxy.sidecar.close({ timeoutMs: 1000 });
    assert.equal(await idle.untilClosed(), '', 'the delay is over');
    host.proxy.clock.advance(1000);
    await closing;
    await draining;
    assert.equal(await client.untilClosed(), '');
    assert.equal(host.proxy.clock.timerCount, 0);
  });

  test('called again joins the first call; everything else finds a closed sidecar', async (t) => {
    const host = await SlowHost.start(t);
    const { sidecar } = host.proxy;
    const inbound = host.proxy.send();
    await host.untilReached(1);
    const closing = Promise.all([sidecar.close(), sidecar.close({ timeoutMs: 0 })]);
    await turns();
    host.waiting[0]?.end('hello');
    assert.equal((await inbound).text, 'hello');
    await closing;
    await sidecar.close();
    await sidecar.drain({ delayMs: 1000 });
  });

  test('while discovery is under way ends that', async (t) => {
    const fixture = await DiscoveryFixture.start(t, []);
    let isAsked = false;
    fixture.service.handler = () => {
      isAsked = true;
    };
    fixture.proxy.clock.advance(refreshDelayMs);
    await until(() => isAsked, 'the service is asked');
    await fixture.proxy.sidecar.close({ timeoutMs: 0 });
    await until(() => fixture.service.sockets.size === 0, 'the connection is closed');
    assert.equal(fixture.proxy.clock.timerCount, 0);
  });

  test('while a name is looked up ignores what is found', async (t) => {
    const resolver = new FakeDns(['127.0.0.1']);
    const dns = { name: 'app', type: 'logical_dns', connect_timeout_ms: 250 };
    const proxy = await TestProxy.start(t, {
      config: {
        clusters: [
          { ...dns, lb_type: 'round_robin', hosts: [{ url: 'tcp://orders.internal:80' }] },
        ],
      },
      environment: { resolver },
    });
    proxy.clock.advance(5000);
    assert.equal(resolver.questions.length, 2);
    await proxy.sidecar.close();
    assert.equal(proxy.clock.timerCount, 0);
  });

  test('ends the idle connections of clusters, discovered hosts that are gone included', async (t) => {
    let slow: ServerResponse | undefined;
    const host = await FakeUpstream.start((request, response) => {
      if (request.url === '/slow') {
        slow = response;
      } else {
        response.end('hello');
      }
    });
    t.after(() => host.close());
    const entry = { ip_address: '127.0.0.1', port: host.port };
    const fixture = await DiscoveryFixture.start(t, [entry]);
    const client = await fixture.proxy.connect();
    client.write('GET /slow HTTP/1.1\r\nhost: foo.com\r\n\r\n');
    await until(() => slow !== undefined, 'the request is there');
    await fixture.refresh([]);
    assert.equal(host.sockets.size, 1);
    const { upstream_cx_active } = await clusterCounts(fixture.proxy, 'app', 'upstream_cx_active');
    assert.equal(upstream_cx_active, 1);
    await fixture.proxy.sidecar.close({ timeoutMs: 0 });
    await until(() => host.sockets.size === 0, 'the connection is closed');
  });
});

test('of two sidecars in a process each is closed for itself', async (t) => {
  const first = await TestProxy.start(t);
  const second = await TestProxy.start(t);
  const call = (sidecar: Sidecar) => sidecar.request('http://foo.com/');
  await first.sidecar.close();
  assert.equal((await call(second.sidecar)).statusCode, 200);
  assert.equal((await second.send()).status, 200);
});
