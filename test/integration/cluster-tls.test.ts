import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { FakeUpstream, RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { clusterTlsStat, startToTls, TlsUpstream } from '../support/tls-upstream.js';
import { until } from '../support/until.js';

async function clusterStat(proxy: TestProxy, name: string): Promise<number | undefined> {
  return (await proxy.stats()).get(`cluster.app.${name}`);
}

test('ssl_context: requests reach the host over TLS, on connections that are used again', async (t) => {
  const upstream = await TlsUpstream.start(t);
  const proxy = await startToTls(t, upstream, {});
  for (let i = 0; i < 3; i++) {
    assert.equal((await proxy.send()).text, 'hello');
  }
  assert.equal(upstream.secured.length, 1);
  assert.equal(await clusterTlsStat(proxy, 'handshake'), 1);
  const cipher = upstream.secured[0]?.getCipher().name;
  assert.equal(await clusterTlsStat(proxy, `cipher.${cipher}`), 1);
  assert.equal(await clusterTlsStat(proxy, 'connection_error'), 0);
  assert.equal(await clusterStat(proxy, 'upstream_cx_http1_total'), 1);
});

test('large bodies pass both ways, however slowly they are read', async (t) => {
  const upstream = await TlsUpstream.start(t, {}, (request, response) => request.pipe(response));
  const proxy = await startToTls(t, upstream, {});
  const body = Buffer.alloc(3_000_000, 'x');
  const response = await proxy.send({ method: 'POST', body });
  assert.ok(response.body.equals(body));
});

test('sni is the server name; without it none is sent, and an address never is', async (t) => {
  const names: unknown[] = [];
  const upstream = await TlsUpstream.start(t);
  upstream.server.on('secureConnection', (socket: TLSSocket) => names.push(socket.servername));
  for (const sni of ['host.example.com', undefined, '127.0.0.1']) {
    const proxy = await startToTls(t, upstream, sni === undefined ? {} : { sni });
    assert.equal((await proxy.send()).status, 200);
  }
  assert.deepEqual(names, ['host.example.com', false, false]);
  // The host of the request is the client's in any case.
  assert.equal(upstream.requests[0]?.headers.host, 'foo.com');
});

test('alpn_protocols are offered, but for the one that is not spoken', async (t) => {
  const upstream = await TlsUpstream.start(t, { ALPNProtocols: ['h2', 'http/1.1'] });
  const proxy = await startToTls(t, upstream, { alpn_protocols: 'h2,http/1.1' });
  assert.equal((await proxy.send()).text, 'hello');
  assert.equal(upstream.secured[0]?.alpnProtocol, 'http/1.1');
  const silent = await startToTls(t, upstream, {});
  assert.equal((await silent.send()).text, 'hello');
  assert.equal(upstream.secured[1]?.alpnProtocol, false);
});

test('cipher_suites are what the host may choose from', async (t) => {
  const upstream = await TlsUpstream.start(t, { maxVersion: 'TLSv1.2' });
  const cipher_suites = '[ECDHE-ECDSA-AES256-GCM-SHA384|ECDHE-ECDSA-CHACHA20-POLY1305]';
  const proxy = await startToTls(t, upstream, { cipher_suites });
  assert.equal((await proxy.send()).text, 'hello');
  assert.equal(upstream.secured[0]?.getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
  const other = await TlsUpstream.start(t, {
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  const refused = await startToTls(t, other, { cipher_suites });
  assert.equal((await refused.send()).status, 503);
  assert.equal(await refused.loggedResult(), '503 UF');
  assert.equal(await clusterTlsStat(refused, 'connection_error'), 1);
});

test('ecdh_curves are what the host may choose from', async (t) => {
  const upstream = await TlsUpstream.start(t, { ecdhCurve: 'P-384' });
  const proxy = await startToTls(t, upstream, { ecdh_curves: 'P-384' });
  assert.equal((await proxy.send()).text, 'hello');
  const refused = await startToTls(t, upstream, { ecdh_curves: 'P-256' });
  assert.equal((await refused.send()).status, 503);
  assert.equal(await clusterTlsStat(refused, 'connection_error'), 1);
});

test('a session is resumed with the host that it was made with', async (t) => {
  const upstream = await TlsUpstream.start(t);
  const proxy = await startToTls(t, upstream, {}, { cluster: { max_requests_per_connection: 1 } });
  await proxy.send();
  await proxy.send();
  assert.equal((await proxy.send()).text, 'hello');
  assert.equal(upstream.secured.length, 3);
  assert.equal(await clusterTlsStat(proxy, 'session_reused'), 2);
});

test('connect_timeout_ms is for TCP and TLS together', async (t) => {
  const raw = await RawUpstream.start((socket) => {
    socket.resume();
    socket.on('end', () => socket.end());
  });
  const cluster = { ssl_context: {} };
  const proxy = await TestProxy.start(t, { upstream: raw, cluster });
  const response = proxy.send();
  await until(() => raw.sockets.size === 1, 'it is connected');
  proxy.clock.advance(250);
  assert.equal((await response).status, 503);
  assert.equal(await proxy.loggedResult(), '503 UF');
  assert.equal(await clusterStat(proxy, 'upstream_cx_connect_timeout'), 1);
  await until(() => raw.sockets.size === 0, 'it is closed');
});

test('a host that speaks no TLS is one that cannot be connected to', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await TestProxy.start(t, { upstream, cluster: { ssl_context: {} } });
  assert.equal((await proxy.send()).status, 503);
  assert.equal(await proxy.loggedResult(), '503 UF');
  assert.equal(upstream.requests.length, 0);
  assert.equal(await clusterTlsStat(proxy, 'connection_error'), 1);
  assert.equal(await clusterStat(proxy, 'upstream_cx_connect_fail'), 1);
});

test('a host that closes in the middle of a handshake is one, too', async (t) => {
  const raw = await RawUpstream.start((socket) => {
    socket.once('data', () => socket.destroy());
  });
  const proxy = await TestProxy.start(t, { upstream: raw, cluster: { ssl_context: {} } });
  assert.equal((await proxy.send()).status, 503);
  assert.equal(await clusterTlsStat(proxy, 'connection_error'), 1);
  assert.equal(await clusterStat(proxy, 'upstream_cx_active'), 0);
});

test('a host that does not listen is no error of TLS', async (t) => {
  const raw = await RawUpstream.start(() => {});
  const proxy = await TestProxy.start(t, { upstream: raw, cluster: { ssl_context: {} } });
  await raw.close();
  raw.close = async () => {};
  assert.equal((await proxy.send()).status, 503);
  assert.equal(await clusterTlsStat(proxy, 'connection_error'), 0);
});

test('a request that dies on a connection of old age is sent once more', async (t) => {
  const upstream = await TlsUpstream.start(t);
  const proxy = await startToTls(t, upstream, {});
  await proxy.send();
  upstream.server.once('request', (request) => request.socket.destroy());
  upstream.server.prependOnceListener('request', () => {});
  upstream.secured[0]?.removeAllListeners('data');
  upstream.secured[0]?.once('data', () => upstream.secured[0]?.destroy());
  assert.equal((await proxy.send()).status, 200);
  assert.equal(await clusterStat(proxy, 'upstream_rq_reused_cx_resend'), 1);
});

test('the path of a Unix socket can be spoken to by TLS', async (t) => {
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { join } = await import('node:path');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(join(tmpdir(), 'pillion-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'host.sock');
  const upstream = await TlsUpstream.start(t);
  const plain = createServer((socket) => upstream.server.emit('connection', socket));
  plain.listen(path);
  await once(plain, 'listening');
  t.after(() => plain.close());
  const cluster = { hosts: [{ url: `unix://${path}` }] };
  const proxy = await startToTls(t, upstream, {}, { cluster });
  assert.equal((await proxy.send()).text, 'hello');
});
