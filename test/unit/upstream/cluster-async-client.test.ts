import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AsyncResult } from '../../../lib/http/async-client.js';
import { ClusterAsyncClient } from '../../../lib/upstream/cluster-async-client.js';
import { ClusterFixture } from '../../support/cluster-fixture.js';

const request = { method: 'GET', path: '/v1/x', authority: 'discovery' } as const;

class ClientFixture extends ClusterFixture {
  readonly client: ClusterAsyncClient = new ClusterAsyncClient(() => this.cluster, this.wheel);
  readonly results: AsyncResult[] = [];

  constructor(hostCount = 1) {
    super();
    this.cluster.updateHosts(Array.from({ length: hostCount }, (_, i) => this.host(i + 1)));
  }

  send(method: string = request.method): () => void {
    return this.client.send({ ...request, method }, 1000, (result) => this.results.push(result));
  }

  /** The result, of which there is one. */
  result(): AsyncResult | undefined {
    assert.ok(this.results.length <= 1, 'several results');
    return this.results[0];
  }

  /** Sends one request and has it answered, so that there is an idle connection. */
  warm(): void {
    this.send();
    this.connector.last.accept();
    this.connector.last.answer('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    this.results.pop();
  }

  count(name: string): number {
    const found: number[] = [];
    this.cluster.stats.visitStats((stat, value) => {
      if (stat === name) {
        found.push(value);
      }
    });
    return found[0] ?? 0;
  }

  assertAtRest(): void {
    assert.equal(this.cluster.stats.upstreamRqActive, 0);
    assert.equal(this.cluster.stats.upstreamRqPendingActive, 0);
    assert.equal(this.cluster.defaultResources.retries.active, 0);
    this.cluster.close();
    this.clock.advance(10_000);
    assert.equal(this.clock.timerCount, 0);
  }
}

test('a response is status and whole body, and counts as any other request', () => {
  const fixture = new ClientFixture();
  fixture.send();
  const socket = fixture.connector.last;
  socket.accept();
  assert.equal(
    socket.written,
    'GET /v1/x HTTP/1.1\r\nhost: discovery\r\naccept: application/json\r\n\r\n',
  );
  socket.answer('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n');
  assert.equal(fixture.result(), undefined);
  socket.answer('2\r\nlo\r\n0\r\nx-trailer: 1\r\n\r\n');
  assert.deepEqual(fixture.result(), {
    kind: 'response',
    status: 200,
    headers: ['transfer-encoding', 'chunked'],
    body: Buffer.from('hello'),
  });
  assert.equal(fixture.count('upstream_rq_200'), 1);
  assert.equal(fixture.count('internal.upstream_rq_200'), 1);
  assert.equal(fixture.cluster.hostSet.hosts[0]?.stats.rqSuccess, 1);
  fixture.clock.advance(1000);
  assert.equal(fixture.count('upstream_rq_timeout'), 0, 'the time limit is over with it');
  fixture.assertAtRest();
});

test('a response without a body has an empty one', () => {
  const fixture = new ClientFixture();
  fixture.send();
  fixture.connector.last.accept();
  fixture.connector.last.answer('HTTP/1.1 204 No Content\r\n\r\n');
  assert.deepEqual(fixture.result(), {
    kind: 'response',
    status: 204,
    headers: [],
    body: Buffer.alloc(0),
  });
  fixture.assertAtRest();
});

test('without hosts it fails at once', () => {
  const fixture = new ClientFixture(0);
  fixture.send();
  assert.deepEqual(fixture.result(), {
    kind: 'failure',
    reason: 'no healthy upstream',
    status: 503,
  });
  assert.equal(fixture.count('upstream_rq_503'), 1);
  fixture.assertAtRest();
});

test('a connection that cannot be established is a failure', () => {
  const fixture = new ClientFixture();
  fixture.send();
  fixture.connector.last.refuse();
  assert.deepEqual(fixture.result(), {
    kind: 'failure',
    reason: 'connect-failure at 127.0.0.1:1',
    status: 503,
  });
  assert.equal(fixture.count('upstream_rq_503'), 1);
  assert.equal(fixture.cluster.hostSet.hosts[0]?.stats.rqError, 1);
  fixture.assertAtRest();
});

test('a response that breaks off is a failure', () => {
  const fixture = new ClientFixture();
  fixture.send();
  fixture.connector.last.accept();
  fixture.connector.last.answer('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello');
  fixture.connector.last.resetByPeer();
  assert.equal(fixture.result()?.kind, 'failure');
  fixture.assertAtRest();
});

test('the time limit covers everything, and the connection is closed', () => {
  const fixture = new ClientFixture();
  fixture.send();
  fixture.connector.last.accept();
  fixture.connector.last.answer('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello');
  fixture.clock.advance(999);
  assert.equal(fixture.result(), undefined);
  fixture.clock.advance(1);
  assert.deepEqual(fixture.result(), { kind: 'failure', reason: 'timeout', status: 504 });
  assert.ok(fixture.connector.last.destroyed);
  assert.equal(fixture.count('upstream_rq_timeout'), 1);
  assert.equal(fixture.count('upstream_rq_504'), 1);
  assert.equal(fixture.cluster.hostSet.hosts[0]?.stats.rqTimeout, 1);
  fixture.assertAtRest();
});

test('a time limit of 0 is none', () => {
  const fixture = new ClientFixture();
  fixture.client.send(request, 0, (result) => fixture.results.push(result));
  fixture.connector.last.accept();
  fixture.clock.advance(1e9);
  assert.equal(fixture.result(), undefined);
  fixture.connector.last.answer('HTTP/1.1 204 No Content\r\n\r\n');
  assert.equal(fixture.result()?.kind, 'response');
  fixture.assertAtRest();
});

test('headers and a body go with the request, and headers come with the response', () => {
  const fixture = new ClientFixture();
  const body = Buffer.from('ask');
  const post = { ...request, method: 'POST', headers: ['x-asks', 'me'], body };
  fixture.client.send(post, 1000, (result) => fixture.results.push(result));
  const socket = fixture.connector.last;
  socket.accept();
  assert.equal(
    socket.written,
    'POST /v1/x HTTP/1.1\r\nhost: discovery\r\nx-asks: me\r\ncontent-length: 3\r\n\r\nask',
  );
  socket.answer('HTTP/1.1 401 Unauthorized\r\nX-Why: nobody\r\ncontent-length: 0\r\n\r\n');
  assert.deepEqual(fixture.result(), {
    kind: 'response',
    status: 401,
    headers: ['x-why', 'nobody', 'content-length', '0'],
    body: Buffer.alloc(0),
  });
  fixture.assertAtRest();
});

test('the time limit covers the wait for a connection', () => {
  const fixture = new ClientFixture();
  fixture.client.send(request, 100, (result) => fixture.results.push(result));
  fixture.clock.advance(100);
  assert.deepEqual(fixture.result(), { kind: 'failure', reason: 'timeout', status: 504 });
  assert.equal(fixture.count('upstream_rq_cancelled'), 1);
  fixture.assertAtRest();
});

test('a request on a reused connection that is dead is sent once more on a fresh one', () => {
  const fixture = new ClientFixture();
  // Two idle connections: the second one is as likely to be dead as the first.
  fixture.send();
  fixture.send();
  fixture.connector.at(0).accept();
  fixture.connector.at(1).accept();
  for (const socket of fixture.connector.sockets) {
    socket.answer('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  }
  fixture.results.length = 0;
  const cancel = fixture.send();
  fixture.connector.at(1).endByPeer();
  assert.equal(fixture.result(), undefined);
  assert.equal(fixture.count('upstream_rq_reused_cx_resend'), 1);
  assert.equal(fixture.cluster.defaultResources.retries.active, 1);
  assert.equal(fixture.connector.sockets.length, 3);
  fixture.connector.at(2).accept();
  fixture.connector.at(2).answer('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  assert.equal(fixture.result()?.kind, 'response');
  assert.equal(fixture.count('upstream_rq_200'), 3);
  assert.equal(fixture.count('upstream_rq_503'), 0);
  cancel();
  fixture.assertAtRest();
});

test('it is not sent a third time, nor after a byte of a response, nor on a fresh connection', () => {
  const twice = new ClientFixture();
  twice.warm();
  twice.send();
  twice.connector.at(0).endByPeer();
  twice.connector.at(1).accept();
  twice.connector.at(1).endByPeer();
  assert.equal(twice.result()?.kind, 'failure');
  twice.assertAtRest();

  const begun = new ClientFixture();
  begun.warm();
  begun.send();
  begun.connector.at(0).answer('H');
  begun.connector.at(0).endByPeer();
  assert.equal(begun.result()?.kind, 'failure');
  begun.assertAtRest();

  const fresh = new ClientFixture();
  fresh.send();
  fresh.connector.at(0).accept();
  fresh.connector.at(0).endByPeer();
  assert.equal(fresh.result()?.kind, 'failure');
  assert.equal(fresh.connector.sockets.length, 1);
  fresh.assertAtRest();
});

test('what must not be done twice is not sent again: the host may have done it', () => {
  const fixture = new ClientFixture();
  fixture.warm();
  fixture.send('POST');
  fixture.connector.at(0).endByPeer();
  assert.equal(fixture.result()?.kind, 'failure');
  assert.equal(fixture.connector.sockets.length, 1);
  assert.equal(fixture.count('upstream_rq_reused_cx_resend'), 0);
  fixture.assertAtRest();
});

test('what is given up while the connection that it waits for fails counts nowhere', () => {
  const fixture = new ClientFixture();
  let cancel = (): void => {};
  fixture.client.send(request, 1000, () => cancel());
  cancel = fixture.send();
  fixture.connector.at(0).endByPeer();
  assert.equal(fixture.result(), undefined);
  assert.equal(fixture.count('upstream_rq_503'), 1);
  fixture.assertAtRest();
});

test('it is not sent again when the circuit breaker for retries is open', () => {
  const fixture = new ClientFixture();
  fixture.warm();
  const { retries } = fixture.cluster.defaultResources;
  retries.active = retries.max;
  fixture.send();
  fixture.connector.at(0).endByPeer();
  assert.equal(fixture.result()?.kind, 'failure');
  assert.equal(fixture.count('upstream_rq_reused_cx_resend_overflow'), 1);
  retries.active -= retries.max;
  fixture.assertAtRest();
});

test('an answer of more than 32 MB is a failure, and is not read to its end', () => {
  const fixture = new ClientFixture();
  fixture.send();
  const socket = fixture.connector.last;
  socket.accept();
  socket.answer('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
  const piece = `c000\r\n${'x'.repeat(0xc000)}\r\n`;
  for (let sent = 0; sent <= 33 * 1024 * 1024 && !socket.destroyed; sent += 0xc000) {
    socket.answer(piece);
  }
  assert.ok(socket.destroyed);
  assert.deepEqual(fixture.result(), {
    kind: 'failure',
    reason: 'the answer exceeds 33554432 bytes',
    status: 503,
  });
  fixture.assertAtRest();
});

test('one that is given up is silent, wherever it is', () => {
  const waiting = new ClientFixture();
  waiting.send()();
  assert.equal(waiting.count('upstream_rq_cancelled'), 1);
  waiting.assertAtRest();
  assert.deepEqual(waiting.results, []);

  const sent = new ClientFixture();
  const cancel = sent.send();
  sent.connector.last.accept();
  cancel();
  cancel();
  assert.ok(sent.connector.last.destroyed);
  sent.assertAtRest();
  assert.deepEqual(sent.results, []);

  const done = new ClientFixture();
  const cancelDone = done.send();
  done.connector.last.accept();
  done.connector.last.answer('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  cancelDone();
  assert.ok(!done.connector.last.destroyed);
  done.assertAtRest();
});
