import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameType } from '../../../support/frame-client.js';
import { Http2PoolFixture, untilEvent } from '../../../support/http2-pool-fixture.js';
import { until } from '../../../support/until.js';

/** Numbers of RFC 9113, 6.5.2. */
const maxConcurrentStreams = 3;

test('requests share one connection, and their responses come as they do', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 3);
  peer.sendAll([frameType.headers, 4, 3, Buffer.from([0x88])], [frameType.data, 1, 3, 'two']);
  await untilEvent(second, 'data two end');
  assert.deepEqual(first.events, ['connection']);
  peer.respond(1, true);
  await untilEvent(first, 'head 200 end');
  // Head and body leave together, so that the other side can do with one write too.
  assert.deepEqual(second.events, ['reused connection', 'head 200 more', 'data two end']);
  assert.equal(fixture.stats.upstreamCxTotal, 1);
  assert.equal(fixture.stats.upstreamRqPendingTotal, 2);
});

test('nothing is asked before the host has said what it takes, nor for ever', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: null });
  const request = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.settings);
  assert.deepEqual(peer.received(frameType.headers), []);
  fixture.clock.advance(250);
  assert.deepEqual(request.events, ['reset connect-timeout']);
  assert.equal(fixture.stats.upstreamCxConnectTimeout, 1);
  assert.equal(fixture.stats.upstreamCxConnectFail, 1);
  await peer.untilClosed();
});

test('a host that closes before it has said so fails all who wait', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: null });
  const requests = [fixture.request(), fixture.request()];
  const peer = await fixture.connection();
  // What a host of HTTP/1.1 makes of the preface.
  peer.socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  for (const request of requests) {
    await untilEvent(request, 'reset connect-failure');
  }
  assert.equal(fixture.stats.upstreamRqPendingFailureEject, 2);
});

test('a host that cannot be reached fails all who wait', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  await fixture.host.raw.close();
  await untilEvent(fixture.request(), 'reset connect-failure');
  fixture.host.raw.close = async () => {};
});

test('as many requests as the host takes are under way, the others wait', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [maxConcurrentStreams]: 1 } });
  const [first, second, third] = ['/1', '/2', '/3'].map((path) => fixture.request(path));
  assert.ok(first && second && third);
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  assert.equal(fixture.stats.upstreamRqPendingActive, 2);
  assert.ok(fixture.pool.cancel(second));
  peer.respond(1, true);
  await untilEvent(first, 'head 200 end');
  await peer.until(frameType.headers, 3);
  peer.respond(3, true);
  await untilEvent(third, 'head 200 end');
  assert.deepEqual(second.events, []);
  assert.equal(fixture.stats.upstreamCxTotal, 1);
  assert.equal(fixture.stats.upstreamRqCancelled, 1);
});

test('one that is given up makes room for the next, behind its reset', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [maxConcurrentStreams]: 1 } });
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  first.encoder?.abort();
  await peer.until(frameType.headers, 3);
  const order = peer.frames.filter(({ streamId }) => streamId > 0).map(({ type }) => type);
  assert.deepEqual(order, [frameType.headers, frameType.rstStream, frameType.headers]);
  peer.respond(3, true);
  await untilEvent(second, 'head 200 end');
});

test('a host that takes none at first gets those who wait when it takes some', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [maxConcurrentStreams]: 0 } });
  const request = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.settings);
  peer.settings({ [maxConcurrentStreams]: 5 });
  await peer.until(frameType.headers, 1);
  peer.respond(1, true);
  await untilEvent(request, 'head 200 end');
});

test('max_concurrent_streams of the configuration is a limit, too', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { settings: { maxConcurrentStreams: 1 } });
  fixture.request('/1');
  fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  assert.equal(fixture.stats.upstreamRqPendingActive, 1);
});

test('max_requests is how many may be under way', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { limits: { maxRequests: 1 } });
  const first = fixture.request('/1');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  const second = fixture.request('/2');
  assert.deepEqual(second.events, ['reset overflow']);
  assert.equal(fixture.stats.upstreamRqPendingOverflow, 1);
  peer.respond(1, true);
  await untilEvent(first, 'head 200 end');
  fixture.request('/3');
  await peer.until(frameType.headers, 3);
});

test('max_pending_requests is how many may wait for the connection', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { limits: { maxPendingRequests: 1 } });
  const first = fixture.request('/1');
  assert.deepEqual(fixture.request('/2').events, ['reset overflow']);
  await untilEvent(first, 'connection');
});

test('max_requests_per_connection makes place for another connection', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { maxRequestsPerConnection: 2 });
  const requests = ['/1', '/2', '/3'].map((path) => fixture.request(path));
  const before = await fixture.connection(0);
  const after = await fixture.connection(1);
  await before.until(frameType.headers, 3);
  await after.until(frameType.headers, 1);
  assert.equal(before.received(frameType.headers).length, 2);
  before.respond(1, true);
  before.respond(3, true);
  after.respond(1, true);
  for (const request of requests) {
    await untilEvent(request, 'head 200 end');
  }
  await before.untilClosed();
  assert.equal(after.hasEnded, false);
  assert.equal(fixture.stats.upstreamCxMaxRequests, 1);
});

test('draining serves who waits, and closes when all is done', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request();
  fixture.pool.drain();
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, true);
  await untilEvent(request, 'head 200 end');
  await peer.untilClosed();
  assert.equal(fixture.stats.upstreamCxDestroyLocal, 1);
});

test('draining closes an idle connection, and one that nobody waits for', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request();
  assert.ok(fixture.pool.cancel(request));
  fixture.pool.drain();
  assert.equal(fixture.stats.upstreamCxActive, 0);
  const idle = await Http2PoolFixture.start(t);
  const served = idle.request();
  const peer = await idle.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, true);
  await untilEvent(served, 'head 200 end');
  idle.pool.drain();
  await peer.untilClosed();
});

test('a connection that is retired ends with its requests, and another is opened', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const before = await fixture.connection(0);
  await before.until(frameType.headers, 1);
  fixture.pool.retireConnections();
  const second = fixture.request('/2');
  const after = await fixture.connection(1);
  await after.until(frameType.headers, 1);
  before.respond(1, true);
  await untilEvent(first, 'head 200 end');
  await before.untilClosed();
  after.respond(1, true);
  await untilEvent(second, 'head 200 end');
  assert.equal(after.hasEnded, false);
});

test('closing resets what is under way, and what waits', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { [maxConcurrentStreams]: 1 } });
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  await (await fixture.connection()).until(frameType.headers, 1);
  fixture.pool.close();
  assert.deepEqual(first.events, ['connection', 'reset local-reset']);
  assert.deepEqual(second.events, ['reset local-reset']);
  assert.deepEqual(fixture.request('/3').events, ['reset local-reset']);
});

test('a request that is asked for in the middle of a reset finds another connection', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  let second = first;
  first.onEvent = (event) => {
    if (event.startsWith('reset')) {
      second = fixture.request('/2');
    }
  };
  const before = await fixture.connection(0);
  await before.until(frameType.headers, 1);
  before.socket.destroy();
  const after = await fixture.connection(1);
  await after.until(frameType.headers, 1);
  after.respond(1, true);
  await untilEvent(second, 'head 200 end');
});

test('bytes are counted, both ways', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.respond(1, false);
  peer.data(1, 'x'.repeat(10_000), true);
  await until(() => request.last?.endsWith('end') === true, 'it is complete');
  assert.ok(fixture.stats.upstreamCxRxBytesTotal > 10_000);
  assert.ok(fixture.stats.upstreamCxTxBytesTotal > 24);
});
