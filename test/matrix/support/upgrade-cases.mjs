/** What is tried with every client of WebSockets. */

import assert from 'node:assert/strict';
import { readStats } from './sidecar.mjs';

const length = 4 * 1024 * 1024;

/**
 * The cases in the order of the table. `client.connect(url)` resolves with a connection once it is open,
 * and rejects with an error that tells the status otherwise, unless it `hidesStatus`. A connection has `send(message)`,
 * `receive()`, `close()`, `abort()` and `closed`, a promise.
 */
export const upgradeCases = [
  { key: 'connect', title: 'connect', run: connect },
  { key: 'messages', title: 'messages both ways', run: messages },
  { key: 'large', title: '4 MiB in one message', run: large },
  { key: 'unhealthy', title: '503', run: unhealthy },
  { key: 'refused', title: 'refused by the host', run: refused },
  { key: 'close', title: 'close', run: close },
  { key: 'closedByHost', title: 'close by the host', run: closedByHost },
  { key: 'abort', title: 'abort', run: abort },
];

/** It is the data path that it goes by. */
async function connect({ client, sidecar }) {
  const connection = await client.connect('app');
  const stats = await readStats(sidecar);
  assert.ok(
    stats.get('cluster.app.upstream_cx_websocket_total') > 0,
    'it has not gone by the cluster',
  );
  connection.close();
  await connection.closed;
}

async function messages({ client }) {
  const connection = await client.connect('app');
  for (const text of ['one', 'two', 'three']) {
    connection.send(text);
    assert.equal(await connection.receive(), `echo ${text}`);
  }
  for (const text of ['four', 'five']) connection.send(text);
  assert.equal(await connection.receive(), 'echo four');
  assert.equal(await connection.receive(), 'echo five');
  connection.close();
  await connection.closed;
}

async function large({ client }) {
  const connection = await client.connect('app');
  connection.send('x'.repeat(length));
  const received = await connection.receive();
  assert.equal(received.length, length + 'echo '.length);
  connection.close();
  await connection.closed;
}

async function unhealthy({ client, sidecar }) {
  await assertRefused(client, 'sick', /\b503\b/);
  assert.equal((await readStats(sidecar)).get('cluster.sick.upstream_cx_none_healthy'), 1);
}

async function refused({ client, sidecar }) {
  await assertRefused(client, 'other', /\b403\b/);
  assert.ok((await readStats(sidecar)).get('cluster.other.upstream_cx_total') > 0);
}

async function assertRefused(client, host, status) {
  const error = await client.connect(host).then(
    () => assert.fail('the connection has been opened'),
    (reason) => reason,
  );
  if (!client.hidesStatus) assert.match(error.message, status);
}

/** The host hears of it. */
async function close({ client, hosts }) {
  const { open } = await hosts.state();
  const connection = await client.connect('app');
  await hosts.until((state) => state.open === open + 1);
  connection.close();
  await connection.closed;
  await hosts.until((state) => state.open === open);
}

async function closedByHost({ client, hosts }) {
  const { open } = await hosts.state();
  const connection = await client.connect('app');
  connection.send('close');
  await connection.closed;
  await hosts.until((state) => state.open === open);
}

/** Without a word to the host, which hears of it all the same. */
async function abort({ client, hosts }) {
  const { open } = await hosts.state();
  const connection = await client.connect('app');
  await hosts.until((state) => state.open === open + 1);
  connection.abort();
  await connection.closed;
  await hosts.until((state) => state.open === open);
}
