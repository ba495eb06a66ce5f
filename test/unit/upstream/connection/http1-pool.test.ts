import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeDecoder } from '../../../support/fake-decoder.js';
import { emptyResponse, PoolFixture } from '../../../support/pool-fixture.js';

test('a request opens a connection, waits for it, and is sent on it', () => {
  const fixture = new PoolFixture();
  const decoder = fixture.request('/a');
  assert.deepEqual(decoder.events, []);
  assert.equal(fixture.stats.upstreamRqPendingActive, 1);
  fixture.connector.last.accept();
  assert.match(fixture.connector.last.written, /^GET \/a HTTP\/1\.1\r\nhost: foo\.com\r\n/);
  fixture.connector.last.answer('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello');
  assert.deepEqual(decoder.events, ['connection', 'head 200 more', 'data hello end']);
  assert.equal(fixture.stats.upstreamRqPendingTotal, 1);
  assert.equal(fixture.stats.upstreamRqTotal, 1);
  fixture.closeAndCheck();
});

test('the next request takes the idle connection and is told that it is a reused one', () => {
  const fixture = new PoolFixture();
  fixture.warm();
  const decoder = fixture.request('/b');
  assert.equal(fixture.connector.sockets.length, 1);
  assert.deepEqual(decoder.events, ['reused connection']);
  assert.equal(fixture.stats.upstreamRqPendingTotal, 1, 'it did not wait');
  fixture.connector.last.answer(emptyResponse);
  fixture.closeAndCheck();
});

test('of several idle connections the one that was used last is taken', () => {
  const fixture = new PoolFixture();
  for (let i = 0; i < 3; i++) {
    fixture.request(`/${i}`);
    fixture.connector.at(i).accept();
  }
  for (const index of [2, 0, 1]) {
    fixture.connector.at(index).answer(emptyResponse);
  }
  fixture.request('/next');
  assert.match(fixture.connector.at(1).written, /GET \/next /);
  fixture.request('/after');
  assert.match(fixture.connector.at(0).written, /GET \/after /);
  fixture.closeAndCheck();
});

test('every request under way has a connection of its own', () => {
  const fixture = new PoolFixture();
  for (let i = 0; i < 10; i++) {
    fixture.request(`/${i}`);
  }
  assert.equal(fixture.connector.sockets.length, 10);
  fixture.connector.sockets.forEach((socket) => {
    socket.accept();
  });
  assert.equal(fixture.stats.upstreamRqActive, 10);
  fixture.closeAndCheck();
});

test('beyond max_connections requests wait, first come first served', () => {
  const fixture = new PoolFixture({ limits: { maxConnections: 1 } });
  const decoders = ['/a', '/b', '/c'].map((path) => fixture.request(path));
  assert.equal(fixture.connector.sockets.length, 1);
  assert.equal(fixture.stats.upstreamCxOverflow, 2);
  const socket = fixture.connector.last;
  socket.accept();
  for (const decoder of decoders) {
    assert.match(decoder.events.join(), /connection$/);
    socket.answer(emptyResponse);
  }
  const paths = [...socket.written.matchAll(/GET (\S+)/g)].map(([, path]) => path);
  assert.deepEqual(paths, ['/a', '/b', '/c']);
  fixture.closeAndCheck();
});

test('a host without a connection may always open one', () => {
  const fixture = new PoolFixture({ limits: { maxConnections: 0 } });
  const first = fixture.request();
  const second = fixture.request();
  assert.equal(fixture.connector.sockets.length, 1);
  assert.equal(fixture.stats.upstreamCxOverflow, 1);
  fixture.connector.last.accept();
  fixture.connector.last.answer(emptyResponse);
  fixture.connector.last.answer(emptyResponse);
  assert.equal(first.last, 'head 200 end');
  assert.equal(second.last, 'head 200 end');
  fixture.closeAndCheck();
});

test('beyond max_pending_requests a request is refused at once, and nothing else suffers', () => {
  const fixture = new PoolFixture({ limits: { maxPendingRequests: 1 } });
  const first = fixture.request();
  const second = fixture.request();
  assert.deepEqual(second.events, ['reset overflow']);
  assert.equal(fixture.stats.upstreamRqPendingOverflow, 1);
  assert.equal(fixture.connector.sockets.length, 1);
  fixture.connector.last.accept();
  fixture.connector.last.answer(emptyResponse);
  assert.equal(first.last, 'head 200 end');
  assert.deepEqual(fixture.request().events, ['reused connection'], 'an idle one needs no waiting');
  fixture.closeAndCheck();
});

test('one connection that cannot be established fails all who wait', () => {
  const fixture = new PoolFixture();
  const decoders = [fixture.request(), fixture.request(), fixture.request()];
  fixture.connector.at(1).refuse();
  for (const decoder of decoders) {
    assert.deepEqual(decoder.events, ['reset connect-failure']);
  }
  assert.equal(fixture.stats.upstreamRqPendingFailureEject, 3);
  assert.equal(fixture.stats.upstreamCxConnectFail, 1);
  assert.equal(fixture.hostStats.cxConnectFail, 1);
  assert.equal(fixture.stats.upstreamRqTotal, 0, 'none was ever sent');
  fixture.closeAndCheck();
});

test('who asks again from within the failure is not failed with the rest', () => {
  const fixture = new PoolFixture({ limits: { maxConnections: 1 } });
  const first = fixture.request('/first');
  const again = new FakeDecoder('/again');
  first.onEvent = () => fixture.pool.newStream(again, false);
  const second = fixture.request('/second');
  fixture.connector.at(0).refuse();
  assert.deepEqual(second.events, ['reset connect-failure']);
  assert.deepEqual(again.events, []);
  fixture.connector.at(1).accept();
  assert.deepEqual(again.events, ['connection']);
  fixture.closeAndCheck();
});

test('connect_timeout_ms ends a connection that is never established', () => {
  const fixture = new PoolFixture();
  const decoder = fixture.request();
  fixture.clock.advance(249);
  assert.deepEqual(decoder.events, []);
  fixture.clock.advance(1);
  assert.deepEqual(decoder.events, ['reset connect-timeout']);
  assert.ok(fixture.connector.last.destroyed);
  assert.equal(fixture.stats.upstreamCxConnectTimeout, 1);
  assert.equal(fixture.stats.upstreamCxConnectFail, 1);
  assert.equal(fixture.stats.upstreamCxDestroyLocal, 1);
  fixture.closeAndCheck();
});

test('a connection that is established is not ended by connect_timeout_ms', () => {
  const fixture = new PoolFixture();
  const decoder = fixture.request();
  fixture.connector.last.accept();
  fixture.clock.advance(10_000);
  assert.deepEqual(decoder.events, ['connection']);
  fixture.closeAndCheck();
});

test('max_requests_per_connection closes a connection after so many responses', () => {
  const fixture = new PoolFixture({ maxRequestsPerConnection: 2 });
  const socket = fixture.warm();
  fixture.request();
  assert.ok(!socket.destroyed);
  socket.answer(emptyResponse);
  assert.ok(socket.destroyed);
  assert.equal(fixture.stats.upstreamCxMaxRequests, 1);
  fixture.request();
  assert.equal(fixture.connector.sockets.length, 2);
  fixture.closeAndCheck();
});

test('connection: close closes the connection after the response', () => {
  const fixture = new PoolFixture();
  const decoder = fixture.request();
  const socket = fixture.connector.last;
  socket.accept();
  socket.answer('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  assert.equal(decoder.last, 'head 200 end');
  assert.ok(socket.destroyed);
  assert.equal(fixture.stats.upstreamCxCloseNotify, 1);
  assert.equal(fixture.stats.upstreamCxDestroyLocal, 1);
  fixture.closeAndCheck();
});

test('when a connection closes while requests wait, another is opened for them', () => {
  const fixture = new PoolFixture({ limits: { maxConnections: 1 }, maxRequestsPerConnection: 1 });
  fixture.request('/a');
  const waiting = fixture.request('/b');
  fixture.connector.at(0).accept();
  fixture.connector.at(0).answer(emptyResponse);
  assert.equal(fixture.connector.sockets.length, 2);
  fixture.connector.at(1).accept();
  assert.deepEqual(waiting.events, ['connection']);
  fixture.closeAndCheck();
});

test('an idle connection that the host closes or resets is forgotten', () => {
  for (const end of ['endByPeer', 'resetByPeer'] as const) {
    const fixture = new PoolFixture();
    fixture.warm()[end]();
    assert.equal(fixture.stats.upstreamCxDestroyRemote, 1);
    assert.equal(fixture.stats.upstreamCxDestroyWithActiveRq, 0);
    fixture.request();
    assert.equal(fixture.connector.sockets.length, 2);
    fixture.closeAndCheck();
  }
});

test('an idle connection on which the host speaks unasked is closed', () => {
  const fixture = new PoolFixture();
  const socket = fixture.warm();
  socket.answer('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
  assert.ok(socket.destroyed);
  const decoder = fixture.request();
  assert.equal(fixture.connector.sockets.length, 2);
  assert.deepEqual(decoder.events, []);
  fixture.closeAndCheck();
});

test('a fresh request passes idle connections by and gets one of its own', () => {
  const fixture = new PoolFixture();
  fixture.warm();
  const fresh = fixture.request('/fresh', true);
  const other = fixture.request('/other');
  assert.deepEqual(other.events, ['reused connection']);
  fixture.connector.at(1).accept();
  assert.deepEqual(fresh.events, ['connection']);
  fixture.closeAndCheck();
});

test('the connection of a fresh request is not taken by others who wait', () => {
  const fixture = new PoolFixture();
  const first = fixture.request('/first');
  const fresh = fixture.request('/fresh', true);
  fixture.connector.at(1).accept();
  assert.deepEqual(fresh.events, ['connection']);
  assert.deepEqual(first.events, []);
  fixture.connector.at(0).accept();
  assert.deepEqual(first.events, ['connection']);
  fixture.closeAndCheck();
});

test('a fresh request does not take a connection that another has done with', () => {
  const fixture = new PoolFixture();
  fixture.request('/busy');
  fixture.connector.at(0).accept();
  const fresh = fixture.request('/fresh', true);
  fixture.connector.at(0).answer(emptyResponse);
  assert.deepEqual(fresh.events, []);
  fixture.connector.at(1).accept();
  assert.deepEqual(fresh.events, ['connection']);
  fixture.closeAndCheck();
});

test('draining keeps the connection that a fresh request waits for', () => {
  const fixture = new PoolFixture();
  const fresh = fixture.request('/fresh', true);
  fixture.pool.drain();
  fixture.connector.last.accept();
  assert.deepEqual(fresh.events, ['connection']);
  fixture.closeAndCheck();
});

test('draining keeps a connection for whoever waits, and closes it when nobody does', () => {
  const fixture = new PoolFixture({ limits: { maxConnections: 1 } });
  fixture.request('/busy');
  const waiting = fixture.request('/waiting');
  fixture.connector.last.accept();
  fixture.pool.drain();
  fixture.connector.last.answer(emptyResponse);
  assert.deepEqual(waiting.events, ['reused connection']);
  fixture.connector.last.answer(emptyResponse);
  assert.ok(fixture.connector.last.destroyed);
  fixture.closeAndCheck();
});

test('a fresh request fails with its connection', () => {
  const fixture = new PoolFixture();
  fixture.warm();
  const fresh = fixture.request('/fresh', true);
  fixture.connector.last.refuse();
  assert.deepEqual(fresh.events, ['reset connect-failure']);
  fixture.closeAndCheck();
});

test('a fresh request waits with the others if max_connections admits no more', () => {
  const fixture = new PoolFixture({ limits: { maxConnections: 1 } });
  fixture.request('/busy');
  fixture.connector.last.accept();
  const fresh = fixture.request('/fresh', true);
  assert.equal(fixture.connector.sockets.length, 1);
  fixture.connector.last.answer(emptyResponse);
  assert.deepEqual(fresh.events, ['reused connection']);
  fixture.closeAndCheck();
});

test('a request that is cancelled while it waits is never sent; its connection is kept', () => {
  const fixture = new PoolFixture();
  const decoder = fixture.request('/cancelled');
  assert.ok(fixture.pool.cancel(decoder));
  assert.ok(!fixture.pool.cancel(decoder), 'it is forgotten');
  assert.equal(fixture.stats.upstreamRqCancelled, 1);
  fixture.connector.last.accept();
  assert.deepEqual(decoder.events, []);
  const next = fixture.request('/next');
  assert.deepEqual(next.events, ['connection']);
  assert.equal(fixture.connector.sockets.length, 1);
  fixture.closeAndCheck();
});

test('a fresh request can be cancelled too', () => {
  const fixture = new PoolFixture();
  const decoder = fixture.request('/cancelled', true);
  assert.ok(fixture.pool.cancel(decoder));
  fixture.connector.last.accept();
  assert.deepEqual(decoder.events, []);
  fixture.closeAndCheck();
});

test('draining closes idle connections, and busy ones after their response', () => {
  const fixture = new PoolFixture();
  const busy = fixture.request('/busy');
  fixture.connector.at(0).accept();
  const idle = fixture.request('/idle');
  fixture.connector.at(1).accept();
  fixture.connector.at(1).answer(emptyResponse);
  assert.equal(idle.last, 'head 200 end');
  fixture.pool.drain();
  assert.ok(fixture.connector.at(1).destroyed);
  assert.ok(!fixture.connector.at(0).destroyed);
  fixture.connector.at(0).answer('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel');
  fixture.connector.at(0).answer('lo');
  assert.deepEqual(busy.events, ['connection', 'head 200 more', 'data hel', 'data lo end']);
  assert.ok(fixture.connector.at(0).destroyed);
  fixture.closeAndCheck();
});

test('draining serves who waits already, and closes the connection behind', () => {
  const fixture = new PoolFixture();
  const waiting = fixture.request();
  fixture.pool.drain();
  fixture.connector.last.accept();
  fixture.connector.last.answer(emptyResponse);
  assert.equal(waiting.last, 'head 200 end');
  assert.ok(fixture.connector.last.destroyed);
  fixture.closeAndCheck();
});

test('draining closes a connection that nobody waits for any more', () => {
  const fixture = new PoolFixture();
  fixture.pool.cancel(fixture.request());
  fixture.pool.drain();
  assert.ok(fixture.connector.last.destroyed);
  fixture.closeAndCheck();
});

test('closing resets who is under way and who waits, and opens nothing for them', () => {
  const fixture = new PoolFixture({ limits: { maxConnections: 1 } });
  const busy = fixture.request('/busy');
  fixture.connector.last.accept();
  const waiting = fixture.request('/waiting');
  fixture.pool.close();
  assert.deepEqual(busy.events, ['connection', 'reset local-reset']);
  assert.deepEqual(waiting.events, ['reset local-reset']);
  assert.equal(fixture.connector.sockets.length, 1);
  fixture.closeAndCheck();
});

test('a closed pool serves nobody', () => {
  const fixture = new PoolFixture();
  fixture.pool.close();
  assert.deepEqual(fixture.request().events, ['reset local-reset']);
  assert.equal(fixture.connector.sockets.length, 0);
  fixture.closeAndCheck();
});

test('new connections go to where the host is now', () => {
  const fixture = new PoolFixture();
  fixture.request();
  fixture.target = { kind: 'tcp', host: '127.0.0.2', port: 81 };
  fixture.request();
  assert.deepEqual(fixture.connector.at(0).target, { kind: 'tcp', host: '127.0.0.1', port: 80 });
  assert.deepEqual(fixture.connector.at(1).target, fixture.target);
  fixture.closeAndCheck();
});
