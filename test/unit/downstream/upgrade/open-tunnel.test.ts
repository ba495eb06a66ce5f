import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import { OpenTunnel } from '../../../../lib/downstream/upgrade/open-tunnel.js';
import type { RawConnection } from '../../../../lib/http/raw-connection.js';
import { createDuplexPair } from '../../../../lib/upstream/connection/duplex-pair.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { until } from '../../../support/until.js';

/** A tunnel between two streams in memory, piped as the library does it. */
class Fixture {
  readonly clock: ManualClock = new ManualClock();
  readonly client: Duplex;
  readonly host: Duplex;
  readonly upstream: Duplex;
  received = '';
  hasClientEnd = false;
  isUpstreamClosed = false;
  isBroken = false;
  isClosedByUs = false;

  constructor() {
    const [client, socket] = createDuplexPair();
    const [upstream, host] = createDuplexPair();
    this.client = client;
    this.host = host;
    this.upstream = upstream;
    client.allowHalfOpen = true;
    host.on('error', () => {});
    upstream.on('close', () => {
      this.isUpstreamClosed = true;
    });
    client.on('data', (chunk) => {
      this.received += chunk;
    });
    client.on('end', () => {
      this.hasClientEnd = true;
    });
    upstream.pipe(socket).pipe(upstream);
    new OpenTunnel({
      raw: this.#raw(socket as Socket),
      connection: { close: () => upstream.destroy() },
      upstream,
      wheel: new TimerWheel(this.clock),
      onBroken: () => {
        this.isBroken = true;
      },
    });
    // As the library does.
    upstream.on('error', () => (socket as Socket).destroySoon());
  }

  /** Makes bytes wait for a host that does not read, though not so many that the client has to. */
  async fillHost(): Promise<void> {
    this.client.write(Buffer.alloc(60 * 1024));
    this.client.write(Buffer.alloc(10 * 1024));
    await until(() => this.upstream.writableLength > 0, 'bytes wait for the host');
  }

  /** `socket` is a stream in memory; a tunnel asks for no more of a socket than that has. */
  #raw(socket: Socket): RawConnection {
    return {
      socket,
      head: Buffer.alloc(0),
      onClosed: undefined,
      addBytes: () => {},
      onClosing: () => {
        this.isClosedByUs = true;
      },
      cut: () => socket.destroy(),
    };
  }
}

test('delivers what was under way when the host ends, though the client still sends', async () => {
  const fixture = new Fixture();
  await fixture.fillHost();
  fixture.host.end('last words');
  await until(() => fixture.hasClientEnd, 'the client has the end');
  fixture.client.write('more');
  fixture.client.write(Buffer.alloc(1024 * 1024));
  await until(() => fixture.client.writableLength === 0, 'it is read, and thrown away');
  assert.equal(fixture.received, 'last words');
  assert.ok(!fixture.client.destroyed);
  assert.ok(!fixture.isBroken);
  assert.ok(fixture.isClosedByUs);
  let hostReceived = 0;
  fixture.host.on('data', (chunk: Buffer) => {
    hostReceived += chunk.length;
  });
  await until(() => hostReceived === 70 * 1024, 'the host has what was sent before');
  fixture.clock.advance(6000);
  await until(() => fixture.client.destroyed && fixture.host.destroyed, 'both are closed');
});

test('delivers what the host says last, though its connection breaks behind that', async () => {
  const fixture = new Fixture();
  await fixture.fillHost();
  fixture.host.end('last words');
  await until(() => fixture.upstream.readableEnded, 'the host has ended');
  fixture.upstream.destroy(new Error('reset'));
  await until(() => fixture.hasClientEnd && fixture.isUpstreamClosed, 'both have the end');
  assert.equal(fixture.received, 'last words');
  assert.ok(!fixture.client.destroyed);
  assert.ok(!fixture.isBroken);
  fixture.client.end();
  await until(() => fixture.client.destroyed, 'it is closed');
});

test('cuts the client when the connection of the host breaks before its end', async () => {
  const fixture = new Fixture();
  fixture.upstream.destroy(new Error('reset'));
  await until(() => fixture.client.destroyed, 'it is closed');
  assert.ok(fixture.isBroken);
  assert.ok(!fixture.hasClientEnd);
});
