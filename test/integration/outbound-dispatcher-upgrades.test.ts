import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { virtualHost } from '../support/config-builder.js';
import {
  ControllerRecorder,
  type HandlerRecorder,
  LegacyRecorder,
} from '../support/dispatch-recorder.js';
import { FakeUpstream, type RawUpstream } from '../support/fake-upstream.js';
import { OutboundFixture } from '../support/outbound-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import {
  agreement,
  keepSilent,
  startEcho,
  startRawHost,
  startWebSocketProxy,
} from '../support/websocket-fixture.js';

const origin = 'http://chat.example';
const upgrade = { origin, path: '/room', method: 'GET', upgrade: 'websocket' };

const generations: readonly [string, () => HandlerRecorder][] = [
  ['onUpgrade', () => new LegacyRecorder()],
  ['onRequestUpgrade', () => new ControllerRecorder()],
];

/** Dispatches a handshake, and returns the connection that the handler gets. */
async function open(proxy: TestProxy, recorder: HandlerRecorder): Promise<Duplex> {
  assert.equal(proxy.sidecar.dispatcher.dispatch(upgrade, recorder), true);
  await until(() => recorder.socket !== undefined || recorder.error !== undefined, 'an answer');
  assert.ok(recorder.socket, String(recorder.error));
  proxy.closesWith(recorder.socket);
  return recorder.socket;
}

async function startTalking(t: TestContext): Promise<{ upstream: RawUpstream; proxy: TestProxy }> {
  const upstream = await startRawHost((socket) => {
    socket.write(`${agreement.replace('\r\n\r\n', '\r\nX-B: \xe4\r\n\r\n')}first `, 'latin1');
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end('last'));
  });
  return { upstream, proxy: await startWebSocketProxy(t, upstream) };
}

for (const [method, create] of generations) {
  describe(`a handler with ${method}`, () => {
    test('gets the connection behind the head, and what either side sends', async (t) => {
      const { proxy } = await startTalking(t);
      const recorder = create();
      const socket = await open(proxy, recorder);
      assert.deepEqual(recorder.events, ['start', 'upgrade']);
      assert.equal(recorder.status, 101);
      assert.equal(recorder.headers['upgrade'], 'websocket');
      assert.equal(recorder.headers['connection'], 'Upgrade');
      assert.equal(recorder.headers['x-b'], '\xe4');
      assert.equal(await proxy.stat('downstream_cx_websocket_active'), 1);
      socket.write('second ');
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      await until(
        () => text === 'first second ',
        () => text,
      );
      socket.end();
      await until(() => socket.destroyed, 'the end');
      assert.equal(text, 'first second last');
      await proxy.untilStat('downstream_cx_websocket_active', 0);
      assert.equal(await proxy.loggedResult(), '101 -');
      assert.equal(recorder.error, undefined);
    });

    test('that destroys its connection leaves the host', async (t) => {
      const { proxy, upstream } = await startTalking(t);
      const socket = await open(proxy, create());
      socket.destroy(new Error('enough'));
      await until(() => upstream.sockets.size === 0, 'the host has lost the connection');
      assert.equal(await proxy.stat('downstream_rq_rx_reset'), 0);
    });

    test('reads the last words of a host when it likes, though it has ended first', async (t) => {
      const { proxy } = await startTalking(t);
      const socket = await open(proxy, create());
      socket.end();
      // The tunnel has ended, and nobody has read it.
      await proxy.untilStat('downstream_cx_websocket_active', 0);
      let text = '';
      for await (const chunk of socket) {
        text += String(chunk);
      }
      assert.equal(text, 'first last');
    });

    test('loses its connection when the host dies', async (t) => {
      const { proxy, upstream } = await startTalking(t);
      const socket = await open(proxy, create());
      for (const host of upstream.sockets) {
        host.resetAndDestroy();
      }
      await until(() => socket.destroyed, 'the connection is gone');
      assert.equal(await proxy.loggedResult(), '101 UC');
    });

    test('gets the answer of a host that refuses, as a response', async (t) => {
      const upstream = await FakeUpstream.start((_request, response) => {
        response.statusCode = 418;
        response.end('no tunnel');
      });
      const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
      const recorder = create();
      proxy.sidecar.dispatcher.dispatch(upgrade, recorder);
      await recorder.done;
      assert.deepEqual([recorder.status, recorder.text], [418, 'no tunnel']);
    });

    test('that aborts before the answer gets its reason, and the host is left', async (t) => {
      const upstream = await startRawHost(keepSilent);
      const proxy = await startWebSocketProxy(t, upstream);
      const recorder = create();
      proxy.sidecar.dispatcher.dispatch(upgrade, recorder);
      await until(() => upstream.sockets.size === 1, 'the host has the connection');
      const reason = new Error('enough');
      recorder.abort(reason);
      assert.equal(recorder.error, reason);
      await until(() => upstream.sockets.size === 0, 'the host has lost the connection');
      await proxy.untilStat('downstream_rq_rx_reset', 1);
    });

    test('that throws at the upgrade gets its error, and the tunnel ends', async (t) => {
      const { proxy, upstream } = await startTalking(t);
      const recorder = create();
      const error = new Error('broken handler');
      recorder.throwAt = { event: 'upgrade', error };
      proxy.sidecar.dispatcher.dispatch(upgrade, recorder);
      await assert.rejects(recorder.done, error);
      await until(() => upstream.sockets.size === 0, 'the host has lost the connection');
      await proxy.untilStat('downstream_cx_websocket_active', 0);
    });

    test('hears of the end of the sidecar before the answer, and loses its tunnel', async (t) => {
      const upstream = await startRawHost((socket, head) => {
        if (head.startsWith('GET /room')) {
          socket.write(agreement);
        }
        keepSilent(socket);
      });
      const proxy = await startWebSocketProxy(t, upstream);
      const socket = await open(proxy, create());
      const waiting = create();
      proxy.sidecar.dispatcher.dispatch({ ...upgrade, path: '/never' }, waiting);
      await until(() => upstream.sockets.size === 2, 'the host has both');
      await proxy.sidecar.close({ timeoutMs: 0 });
      assert.equal((waiting.error as { code?: string }).code, 'SIDECAR_CLOSED');
      await until(() => socket.destroyed, 'the tunnel is gone');
    });

    test('is answered with 403 on a route without use_websocket', async (t) => {
      const upstream = await startRawHost(keepSilent);
      const proxy = await startWebSocketProxy(t, upstream, { route: { use_websocket: false } });
      const recorder = create();
      proxy.sidecar.dispatcher.dispatch(upgrade, recorder);
      await recorder.done;
      assert.equal(recorder.status, 403);
      assert.equal(await proxy.stat('downstream_rq_ws_on_non_ws_route'), 1);
    });

    test('hears why an upgrade or a CONNECT cannot be sent', async (t) => {
      const { sidecar, upstream } = await OutboundFixture.start(t);
      const known = { ...upgrade, origin: 'http://app' };
      for (const wrong of [{ upgrade: true }, { upgrade: 'a\nb' }, { method: 'CONNECT' }]) {
        const recorder = create();
        assert.equal(sidecar.dispatcher.dispatch({ ...known, ...wrong }, recorder), false);
        assert.equal((recorder.error as { code?: string }).code, 'SIDECAR_REQUEST_INVALID');
      }
      assert.equal(upstream.requests.length, 0);
    });

    test('gets the connection to a host that nobody claims as without us', async (t) => {
      const echo = await startEcho();
      t.after(() => echo.raw.close());
      const proxy = await startWebSocketProxy(t, await startRawHost(keepSilent), {
        config: { virtualHosts: [virtualHost(['known.example'], 'app', { use_websocket: true })] },
      });
      const recorder = create();
      const options = {
        ...upgrade,
        origin: `http://127.0.0.1:${echo.raw.port}`,
        headers: { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' },
      };
      proxy.sidecar.dispatcher.dispatch(options, recorder);
      await until(() => recorder.socket !== undefined, 'the upgrade');
      assert.equal(recorder.status, 101);
      recorder.socket?.destroy();
      assert.equal(await proxy.stat('downstream_rq_total'), 0);
    });
  });
}

test('a handler without a method for it cannot ask for an upgrade', async (t) => {
  const { sidecar } = await OutboundFixture.start(t);
  let error: unknown;
  const onError = (given: unknown): void => {
    error = given;
  };
  const onResponseError = (_controller: unknown, given: unknown): void => onError(given);
  for (const handler of [{ onError }, { onRequestStart() {}, onResponseError }]) {
    error = undefined;
    const options = { ...upgrade, origin: 'http://app' };
    assert.equal(sidecar.dispatcher.dispatch(options, handler), false);
    assert.equal((error as { code?: string }).code, 'SIDECAR_REQUEST_INVALID');
  }
});

test('an upgrade to another protocol is a request as any other', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    response.end(String(request.headers.upgrade));
  });
  const proxy = await TestProxy.start(t, { upstream, route: { use_websocket: true } });
  const recorder = new ControllerRecorder();
  proxy.sidecar.dispatcher.dispatch({ ...upgrade, upgrade: 'foo' }, recorder);
  await recorder.done;
  assert.equal(recorder.text, 'undefined');
});

test('the dispatcher does not wait for connections that it has handed over', async (t) => {
  const { proxy } = await startTalking(t);
  const socket = await open(proxy, new ControllerRecorder());
  await proxy.sidecar.dispatcher.close();
  assert.ok(!socket.destroyed);
  socket.destroy();
});
