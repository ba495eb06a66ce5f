import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutboundUpgrade } from '../../../lib/egress/outbound-upgrade.js';
import { until } from '../../support/until.js';

const handshake = ['connection', 'keep-alive, Upgrade', 'upgrade', 'WebSocket'];

test('a WebSocket handshake gets a connection', () => {
  assert.ok(OutboundUpgrade.forRequest('GET', handshake));
  assert.ok(OutboundUpgrade.forRequest('GET', [...handshake, 'content-length', '0']));
  const twoFields = ['connection', 'x', 'connection', 'upgrade', 'upgrade', 'websocket'];
  assert.ok(OutboundUpgrade.forRequest('GET', twoFields));
});

test('what is no WebSocket handshake gets none', () => {
  for (const [method, headers] of [
    ['POST', handshake],
    ['GET', []],
    ['GET', ['upgrade', 'websocket']],
    ['GET', ['connection', 'upgraded', 'upgrade', 'websocket']],
    ['GET', ['connection', 'upgrade', 'upgrade', 'h2c']],
    ['GET', [...handshake, 'content-length', '1']],
    ['GET', [...handshake, 'transfer-encoding', 'chunked']],
  ] as const) {
    assert.equal(OutboundUpgrade.forRequest(method, [...headers]), undefined, headers.join());
  }
});

test('both ends go together, and no error goes unheard', async () => {
  for (const end of ['socket', 'clientEnd'] as const) {
    const { [end]: destroyed, socket, clientEnd } = new OutboundUpgrade();
    destroyed.destroy(new Error('broken'));
    await until(() => socket.destroyed && clientEnd.destroyed, 'both are gone');
  }
  const upgrade = new OutboundUpgrade();
  upgrade.cut();
  upgrade.cut();
  await until(() => upgrade.clientEnd.destroyed, 'both are gone');
});

test('bytes are counted in the record of the request', () => {
  const upgrade = new OutboundUpgrade();
  upgrade.addBytes(1, 1);
  let sent = 0;
  const record = {
    bytesReceived: 0,
    addBytesSent(bytes: number): void {
      sent += bytes;
    },
  };
  upgrade.record = record;
  upgrade.addBytes(2, 3);
  assert.deepEqual([record.bytesReceived, sent], [2, 3]);
});
