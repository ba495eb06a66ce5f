import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { assertCountedOnce } from '../support/cluster-counts.js';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { OutboundFixture } from '../support/outbound-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

// An unhandled rejection or an unheard `error` event fails the test in which it comes up.

const url = 'http://app/';

async function someTurns(): Promise<void> {
  let left = 50;
  await until(() => left-- === 0, 'some turns of the event loop have passed');
}

/** The URL of a host that no configuration knows. */
function startElsewhere(t: TestContext, host: FakeUpstream | RawUpstream): string {
  t.after(() => host.close());
  return `${host.url.replace('tcp:', 'http:')}/`;
}

test('a body that breaks off with no reader is nobody’s rejection', async (t) => {
  const breakOff = (_request: unknown, response: ServerResponse): void => {
    response.writeHead(200, { 'content-length': '10', connection: 'close' });
    response.write('hello', () => response.destroy());
  };
  const { sidecar, proxy, upstream } = await OutboundFixture.start(t, breakOff);
  const elsewhere = startElsewhere(t, await FakeUpstream.start(breakOff));
  for (const target of [url, elsewhere]) {
    for (const how of ['nothing', 'iterator', 'stream', 'webStream'] as const) {
      const { body } = await sidecar.request(target);
      if (how === 'iterator') {
        body[Symbol.asyncIterator]();
      } else if (how !== 'nothing') {
        body[how]();
      }
    }
  }
  await until(() => upstream.sockets.size === 0, 'the connections are closed');
  await someTurns();
  await assertCountedOnce(proxy, 'app', 4);
});

test('an abort at any turn between the head and the end is heard once, by the reader', async (t) => {
  const { sidecar, proxy } = await OutboundFixture.start(t, (_request, response) => {
    response.write('hel');
    let left = 15;
    const finish = (): void => {
      if (left-- > 0) {
        setImmediate(finish);
      } else {
        response.end('lo');
      }
    };
    finish();
  });
  const reason = new Error('enough');
  let [complete, aborted] = [0, 0];
  for (let turns = 0; turns < 30; turns++) {
    const controller = new AbortController();
    const { body } = await sidecar.request(url, { signal: controller.signal });
    const text = body.text().catch((error: unknown) => error);
    let left = turns;
    await until(() => left-- <= 0, 'some turns have passed');
    controller.abort(reason);
    const outcome = await text;
    assert.ok(outcome === 'hello' || outcome === reason, String(outcome));
    complete += outcome === 'hello' ? 1 : 0;
    aborted += outcome === reason ? 1 : 0;
  }
  assert.equal(complete + aborted, 30);
  assert.ok(aborted > 0 && complete > 0, `${aborted} aborted, ${complete} complete`);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_active'), 0);
});

test('an upload that fails behind the end of its response is nobody’s failure', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, (_request, response) => response.end('early'));
  let reject: ((error: Error) => void) | undefined;
  const generator = (async function* () {
    yield 'hello';
    await new Promise((_resolve, fail) => {
      reject = fail;
    });
  })();
  const stream = new Readable({
    read() {
      this.push('hello');
      setImmediate(() => this.emit('error', new Error('too late')));
    },
  });
  for (const body of [generator, stream]) {
    const response = await sidecar
      .request(url, { method: 'POST', body })
      .catch((error: unknown) => error);
    // The stream may fail ahead of the response, which then is lost.
    if (!(response instanceof Error)) {
      await (response as { body: { text(): Promise<string> } }).body.text().catch(() => {});
    }
    reject?.(new Error('too late'));
    await someTurns();
  }
});

test('a host that changes the protocol unasked rejects the call that goes to it', async (t) => {
  const host = await RawUpstream.start((socket) => {
    socket.on('end', () => socket.end());
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    });
  });
  const elsewhere = startElsewhere(t, host);
  const { sidecar } = await TestProxy.start(t, { config: { hasListener: false } });
  await assert.rejects(sidecar.request(elsewhere));
  await until(() => host.sockets.size === 0, 'the connection is closed');
});

test('a response of a host that is none of ours is given up too, if nobody reads it', async (t) => {
  const host = await FakeUpstream.start((_request, response) => {
    response.on('error', () => {});
    response.write('begun');
  });
  const elsewhere = startElsewhere(t, host);
  const { sidecar, clock } = await TestProxy.start(t, { config: { hasListener: false } });
  const { body } = await sidecar.request(elsewhere);
  clock.advance(75_000);
  await until(() => host.sockets.size === 0, 'the connection is closed');
  await assert.rejects(body.text(), { code: 'SIDECAR_BODY_ABORTED', message: /for a minute/ });
});
