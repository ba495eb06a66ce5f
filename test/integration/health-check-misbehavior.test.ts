import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { httpCheck, noTrafficMs, timeoutMs, times } from '../support/health-check-fixture.js';
import { heldBytes } from '../support/held-bytes.js';
import { ok, type RawCheck, startRaw, tcpCheck } from '../support/raw-health-check.js';
import { until } from '../support/until.js';

describe('a host that misbehaves', () => {
  const kinds = [
    { type: 'http', check: httpCheck({ unhealthy_threshold: 1 }), good: ok },
    { type: 'tcp', check: tcpCheck(['?'], ['!'], { unhealthy_threshold: 1 }), good: '!' },
    {
      type: 'redis',
      check: { ...times, type: 'redis', unhealthy_threshold: 1 },
      good: '+PONG\r\n',
    },
  ];

  /** Lets a first check pass; `misbehave` is what the host does when it is asked again. */
  async function startMisbehaving(
    t: TestContext,
    { check, good }: { readonly check: Json; readonly good: string },
    misbehave: (socket: Socket) => void,
  ): Promise<RawCheck> {
    let count = 0;
    const raw = await startRaw(t, check, (socket) => {
      count++;
      if (count === 1) {
        socket.write(good);
      } else {
        misbehave(socket);
      }
    });
    assert.ok(await raw.isHealthy());
    raw.fixture.proxy.clock.advance(noTrafficMs);
    await until(() => count === 2, 'it is asked again');
    return raw;
  }

  /** Fails unless the check under way fails, and only when its time is up. */
  async function assertTimesOut({ fixture, upstream, isHealthy }: RawCheck): Promise<void> {
    fixture.proxy.clock.advance(timeoutMs - 1);
    assert.ok(await isHealthy());
    fixture.proxy.clock.advance(1);
    assert.equal(await isHealthy(), false);
    const { failure, network_failure } = await fixture.counts();
    assert.deepEqual({ failure, network_failure }, { failure: 1, network_failure: 1 });
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
  }

  for (const kind of kinds) {
    test(`by not answering is given up in time, by ${kind.type}`, async (t) => {
      await assertTimesOut(await startMisbehaving(t, kind, () => {}));
    });

    test(`by answering byte by byte is given up in time, by ${kind.type}`, async (t) => {
      const text = kind.type === 'http' ? 'HTTP/1.1 200 OK\r\nx-filler: ' : '+';
      let dripped = 0;
      const raw = await startMisbehaving(t, kind, (socket) => {
        const drip = (): void => {
          if (!socket.destroyed) {
            socket.write(text[dripped] ?? '.');
            dripped++;
            setImmediate(drip);
          }
        };
        drip();
      });
      await until(() => dripped > 200, 'a good deal has come');
      await assertTimesOut(raw);
    });

    test(`by sending 10 MB of nonsense costs no memory, by ${kind.type}`, async (t) => {
      let sent = 0;
      const before = heldBytes();
      const raw = await startMisbehaving(t, kind, (socket) => {
        flood(socket, '', () => sent++);
      });
      const { fixture, upstream, isHealthy } = raw;
      await until(() => sent === 1, 'all is read, or the connection is closed');
      assert.ok(heldBytes() - before < 1024 * 1024, `${heldBytes() - before} bytes are held`);
      if (kind.type === 'tcp') {
        // What it waits for may still come.
        await assertTimesOut(raw);
      } else {
        await fixture.settle();
        assert.equal(await isHealthy(), false);
        assert.equal((await fixture.counts()).network_failure, 1);
        await until(() => upstream.sockets.size === 0, 'the connection is closed');
      }
    });
  }

  test('by a body without an end is given up in time', async (t) => {
    let sent = 0;
    const before = heldBytes();
    const raw = await startMisbehaving(t, kinds[0] as (typeof kinds)[0], (socket) => {
      flood(socket, 'HTTP/1.1 200 OK\r\n\r\n', () => sent++);
    });
    await until(() => sent === 1, 'all is read');
    assert.ok(heldBytes() - before < 1024 * 1024, `${heldBytes() - before} bytes are held`);
    await assertTimesOut(raw);
  });

  test('by a head without an end fails at once', async (t) => {
    const head = `HTTP/1.1 200 OK\r\n${'x-filler: y\r\n'.repeat(10_000)}`;
    const { fixture, isHealthy } = await startMisbehaving(
      t,
      kinds[0] as (typeof kinds)[0],
      (socket) => socket.write(head),
    );
    await fixture.settle();
    assert.equal(await isHealthy(), false);
    assert.equal((await fixture.counts()).network_failure, 1);
  });
});

const garbage = Buffer.alloc(64 * 1024, 'x');

/** Writes 10 MB of garbage as fast as it is read; `onDone` hears when it has gone, or cannot go. */
function flood(socket: Socket, head: string, onDone: () => void): void {
  let left = (10 * 1024 * 1024) / garbage.length;
  const write = (): void => {
    while (left > 0) {
      left--;
      if (!socket.write(garbage)) {
        return;
      }
    }
    socket.off('drain', write);
    socket.off('close', onDone);
    onDone();
  };
  socket.on('drain', write);
  socket.once('close', onDone);
  socket.write(head);
  write();
}
