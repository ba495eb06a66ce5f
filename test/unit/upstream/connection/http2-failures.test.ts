import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameType } from '../../../support/frame-client.js';
import { Http2PoolFixture, untilEvent } from '../../../support/http2-pool-fixture.js';
import { until } from '../../../support/until.js';

/** Numbers of RFC 9113, 7. */
const noError = 0;
const refusedStream = 7;
const cancel = 8;
const enhanceYourCalm = 11;

test('GOAWAY: what the host has looked at goes on, the rest is refused', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const [first, second, third] = ['/1', '/2', '/3'].map((path) => fixture.request(path));
  assert.ok(first && second && third);
  const peer = await fixture.connection(0);
  await peer.until(frameType.headers, 5);
  peer.goaway(1);
  await untilEvent(second, 'reset refused-stream');
  await untilEvent(third, 'reset refused-stream');
  const next = fixture.request('/4');
  const other = await fixture.connection(1);
  await other.until(frameType.headers, 1);
  other.respond(1, true);
  await untilEvent(next, 'head 200 end');
  peer.respond(1, true);
  await untilEvent(first, 'head 200 end');
  await peer.untilClosed();
  assert.equal(fixture.stats.upstreamCxCloseNotify, 1);
  assert.equal(fixture.stats.upstreamCxTotal, 2);
});

test('GOAWAY with an error: what the host may have looked at is terminated', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 3);
  peer.goaway(1, enhanceYourCalm);
  await untilEvent(first, 'reset connection-termination');
  await untilEvent(second, 'reset refused-stream');
});

test('GOAWAY: a request of this very turn is refused and not lost', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  const others: ReturnType<typeof fixture.request>[] = [];
  peer.goaway(1);
  // Each turn one more, until the host's word has come.
  await until(() => {
    others.push(fixture.request(`/${others.length}`));
    return fixture.stats.upstreamCxCloseNotify > 0 || others.length > 500;
  }, 'it is told');
  await until(
    () => others.every(({ events }) => events.some((event) => event !== 'reused connection')),
    'each of them has come to something',
  );
  for (const { events } of others) {
    assert.ok(['reset refused-stream', 'connection'].includes(events.at(-1) ?? ''), events.join());
  }
  peer.respond(1, true);
  await untilEvent(first, 'head 200 end');
});

test('a host that sends everybody away at once is not asked for ever', async (t) => {
  const fixture = await Http2PoolFixture.start(t, { hostSettings: { 3: 0 } });
  const request = fixture.request();
  const peer = await fixture.connection();
  await peer.until(frameType.settings);
  peer.goaway(0);
  await untilEvent(request, 'reset connection-termination');
  assert.equal(fixture.stats.upstreamCxTotal, 1);
});

test('a stream that is refused says so, and the others go on', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 3);
  peer.reset(1, refusedStream);
  await untilEvent(first, 'reset refused-stream');
  peer.respond(3, true);
  await untilEvent(second, 'head 200 end');
  assert.equal(fixture.stats.upstreamRqRxReset, 1);
});

test('a stream that is reset before or within its response is not complete', async (t) => {
  for (const code of [noError, cancel]) {
    const fixture = await Http2PoolFixture.start(t);
    const first = fixture.request('/1');
    const second = fixture.request('/2');
    const peer = await fixture.connection();
    await peer.until(frameType.headers, 3);
    peer.reset(1, code);
    await untilEvent(first, 'reset remote-reset');
    peer.sendAll(
      [frameType.headers, 4, 3, Buffer.from([0x88])],
      [frameType.data, 0, 3, 'abc'],
      [frameType.rstStream, 0, 3, Buffer.from([0, 0, 0, code])],
    );
    await untilEvent(second, 'reset remote-reset after a response');
    assert.ok(!second.events.some((event) => event.includes('end')), second.events.join());
    assert.equal(fixture.stats.upstreamRqRxReset, 2);
  }
});

test('a response that is complete is so although its stream is reset behind it', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request('/1', (encoder) => {
    encoder.encodeHead({ method: 'POST', path: '/', authority: 'a', headers: [] }, false);
  });
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  peer.sendAll(
    [frameType.headers, 4, 1, Buffer.from([0x88])],
    [frameType.data, 1, 1, 'abc'],
    [frameType.rstStream, 0, 1, Buffer.from([0, 0, 0, noError])],
  );
  await untilEvent(request, 'data abc end');
  assert.equal(request.last, 'data abc end');
});

test('a connection that dies takes its requests with it', async (t) => {
  for (const kill of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const fixture = await Http2PoolFixture.start(t);
    const first = fixture.request('/1');
    const second = fixture.request('/2');
    const peer = await fixture.connection();
    await peer.until(frameType.headers, 3);
    peer.respond(1, false);
    await untilEvent(first, 'head 200');
    peer.socket[kill]();
    await untilEvent(first, 'reset connection-termination after a response');
    await untilEvent(second, 'reset connection-termination');
    assert.equal(fixture.stats.upstreamCxDestroyRemoteWithActiveRq, 1);
    assert.equal(fixture.stats.upstreamRqRxReset, 0);
  }
});

test('frames that are none end the connection, whether or not anybody is told', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const request = fixture.request('/1');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 1);
  // On no stream there can be no data.
  peer.send(frameType.data, 0, 0, 'abc');
  await peer.until(frameType.goaway);
  // Node.js 20 does not tell. What is sent then never leaves, which is noticed.
  let turns = 0;
  await until(() => {
    if (request.events.length === 1) {
      fixture.request(`/${turns++}`);
      fixture.clock.advance(5000);
    }
    return request.events.length > 1;
  }, 'it is over');
  assert.deepEqual(request.events, ['connection', 'reset connection-termination']);
  const next = fixture.request('/next');
  const other = await fixture.connection(1);
  await other.until(frameType.headers);
  assert.deepEqual(next.events.at(-1)?.includes('connection'), true);
});

test('a response that HTTP/2 does not allow is a reset of its stream', async (t) => {
  const fixture = await Http2PoolFixture.start(t);
  const first = fixture.request('/1');
  const second = fixture.request('/2');
  const peer = await fixture.connection();
  await peer.until(frameType.headers, 3);
  peer.respond(1, true, [['connection', 'close']]);
  await untilEvent(first, 'reset remote-reset');
  await peer.until(frameType.rstStream, 1);
  peer.respond(3, true);
  await untilEvent(second, 'head 200 end');
});
