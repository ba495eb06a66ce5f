import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import {
  type HandshakeObserver,
  loadTunnelLibrary,
  shakeHands,
} from '../../../../lib/downstream/upgrade/handshake.js';
import type { HeaderList } from '../../../../lib/http/headers.js';
import { createDuplexPair } from '../../../../lib/upstream/connection/duplex-pair.js';
import { until } from '../../../support/until.js';

/** One handshake between streams in memory. */
class Fixture implements HandshakeObserver {
  readonly #downstream = createDuplexPair()[1];
  readonly #upstream = createDuplexPair();
  sent = '';
  headerCount = 0;
  error: Error | undefined = undefined;

  constructor() {
    this.#upstream[1].on('data', (chunk) => {
      this.sent += chunk.toString('latin1');
    });
  }

  leave(): void {
    this.#upstream[0].destroy();
  }

  answer(text: string): void {
    this.#upstream[1].write(text);
  }

  async shakeHands(headers: HeaderList): Promise<void> {
    const ends = {
      // A stream in memory has all that is asked of the socket here.
      downstream: this.#downstream as Socket,
      upstream: this.#upstream[0],
      early: Buffer.alloc(0),
    };
    const head = { method: 'GET', path: '/a//../b?c?d', authority: 'a', headers };
    shakeHands(await loadTunnelLibrary(), ends, head, this, (send) => send());
  }

  onRefused(): void {}

  onHandshakeFailed(error: Error): void {
    this.error = error;
  }

  onSwitchingProtocols({ headers }: { headers: HeaderList }): boolean {
    this.headerCount = headers.length / 2;
    return false;
  }

  onTunnelOpen(): void {}
}

test('sends path and headers as they are, whatever a header would make of the request', async () => {
  const fixture = new Fixture();
  await fixture.shakeHands([
    ...['expect', 'something', 'trailer', 'x', 'x-a', '1', 'x-a', '2', '__proto__', 'p'],
    ...['connection', 'Upgrade', 'upgrade', 'websocket'],
  ]);
  await until(() => fixture.sent.endsWith('\r\n\r\n'), 'it is sent');
  const [line, ...fields] = fixture.sent.split('\r\n').slice(0, -2);
  assert.equal(line, 'GET /a//../b?c?d HTTP/1.1');
  assert.deepEqual(fields.sort(), [
    '__proto__: p',
    'connection: Upgrade',
    'expect: something',
    'host: a',
    'upgrade: websocket',
    'x-a: 1',
    'x-a: 2',
  ]);
});

test('fails when the host has left before the handshake could be sent', async () => {
  const fixture = new Fixture();
  fixture.leave();
  await new Promise(setImmediate);
  await fixture.shakeHands([]);
  assert.match(fixture.error?.message ?? '', /gone/);
});

test('takes all headers of an agreement, however many they are', async () => {
  const fixture = new Fixture();
  await fixture.shakeHands([]);
  const fields = 'a: b\r\n'.repeat(3000);
  fixture.answer(`HTTP/1.1 101 Yes\r\nconnection: upgrade\r\nupgrade: x\r\n${fields}\r\n`);
  await until(() => fixture.headerCount > 0, 'it is answered');
  assert.equal(fixture.headerCount, 3002);
});
