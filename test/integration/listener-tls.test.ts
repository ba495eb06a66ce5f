import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { ConfigProblem } from '../../lib/base/errors.js';
import { buildConfig, staticCluster } from '../support/config-builder.js';
import { eventually } from '../support/eventually.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { runPillion, writeTemporary } from '../support/pillion-command.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { startTestSidecar } from '../support/test-sidecar.js';
import { connectTls, exchangeTls, sendTls, sslContext, tlsFile } from '../support/tls-client.js';
import {
  closeWebSocket,
  exchangeMessage,
  startEcho,
  startWebSocketProxy,
} from '../support/websocket-fixture.js';

const scope = 'listener.0.0.0.0_80.ssl.';
const getRequest = 'GET / HTTP/1.1\r\nhost: foo.com\r\n\r\n';
const closingRequest = 'GET / HTTP/1.1\r\nhost: foo.com\r\nconnection: close\r\n\r\n';

/** Starts a proxy whose listener has TLS, with more keys of its `ssl_context`. */
function startTls(
  t: TestContext,
  more: Record<string, unknown> = {},
  parts: ProxyParts = {},
): Promise<TestProxy> {
  const config = { listener: { ssl_context: sslContext(more) } };
  return TestProxy.start(t, { ...parts, config });
}

async function tlsStat(proxy: TestProxy, name: string): Promise<number | undefined> {
  return (await proxy.stats()).get(scope + name);
}

/** Opens a connection that is closed before the proxy, which would wait for it. */
async function open(
  t: TestContext,
  proxy: TestProxy,
  options: Parameters<typeof connectTls>[1] = {},
): Promise<TLSSocket> {
  const socket = await connectTls(proxy.port, options);
  t.after(() => socket.destroy());
  return socket;
}

test('a request over TLS is served with the certificate and key of the files', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await startTls(t, {}, { upstream, manager: { use_remote_address: true } });
  const response = await sendTls(proxy.port);
  assert.equal(response.status, 200);
  assert.equal(response.text, 'hello');
  assert.equal(upstream.requests[0]?.headers['x-forwarded-proto'], 'https');
});

test('connections with TLS are counted, with their cipher', async (t) => {
  const proxy = await startTls(t);
  const socket = await open(t, proxy, { maxVersion: 'TLSv1.2' });
  await proxy.untilStat('downstream_cx_ssl_active', 1);
  assert.equal(await proxy.stat('downstream_cx_ssl_total'), 1);
  assert.equal(await tlsStat(proxy, 'handshake'), 1);
  assert.equal(await tlsStat(proxy, 'no_certificate'), 1);
  assert.equal(await tlsStat(proxy, 'session_reused'), 0);
  assert.equal(await tlsStat(proxy, `cipher.${socket.getCipher().name}`), 1);
  socket.destroy();
  await proxy.untilStat('downstream_cx_ssl_active', 0);
  assert.equal(await proxy.stat('downstream_cx_active'), 0);
});

test('connections in plain text are not counted among those with TLS', async (t) => {
  const proxy = await TestProxy.start(t);
  await proxy.send();
  const stats = await proxy.stats();
  assert.equal(stats.get('http.ingress_http.downstream_cx_ssl_total'), 0);
  assert.ok(![...stats.keys()].some((name) => name.startsWith(scope)));
});

test('require_ssl is met by a connection with TLS', async (t) => {
  const virtualHosts = [
    {
      name: 'all',
      domains: ['*'],
      require_ssl: 'all',
      routes: [{ prefix: '/', cluster: 'app', timeout_ms: 0 }],
    },
  ];
  const upstream = await FakeUpstream.start();
  const listener = { ssl_context: sslContext() };
  const proxy = await TestProxy.start(t, { upstream, config: { virtualHosts, listener } });
  assert.equal((await sendTls(proxy.port)).status, 200);
});

test('large bodies pass both ways, however slowly they are read', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => request.pipe(response));
  const proxy = await startTls(t, {}, { upstream });
  const body = Buffer.alloc(3_000_000, 'x');
  const response = await sendTls(proxy.port, {}, { method: 'POST', body });
  assert.ok(response.body.equals(body));
});

test('several requests share a connection', async (t) => {
  const proxy = await startTls(t);
  const socket = await open(t, proxy);
  const text = await exchangeTls(socket, `${getRequest}${closingRequest}`);
  assert.deepEqual(text.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200']);
  assert.equal(await tlsStat(proxy, 'handshake'), 1);
});

test('what is not HTTP gets status 400', async (t) => {
  const proxy = await startTls(t);
  const socket = await open(t, proxy);
  assert.match(await exchangeTls(socket, 'nonsense\r\n\r\n'), /^HTTP\/1.1 400/);
  assert.equal(await proxy.stat('downstream_cx_protocol_error'), 1);
});

test('a connection without requests is closed after idle_timeout_s', async (t) => {
  const proxy = await startTls(t, {}, { manager: { idle_timeout_s: 1 } });
  const socket = await open(t, proxy);
  await proxy.untilStat('downstream_cx_ssl_active', 1);
  socket.resume();
  const isClosed = once(socket, 'close');
  proxy.clock.advance(2000);
  await isClosed;
  assert.equal(await proxy.stat('downstream_cx_idle_timeout'), 1);
});

test('alpn_protocols are offered in their order, as far as codec_type takes them', async (t) => {
  const ssl = { alpn_protocols: 'h2,http/1.1,spdy/3' };
  const offered = { auto: 'h2', http1: 'http/1.1', http2: 'h2' };
  for (const [codec_type, expected] of Object.entries(offered)) {
    const proxy = await startTls(t, ssl, { manager: { codec_type } });
    const socket = await connectTls(proxy.port, { ALPNProtocols: ['http/1.1', 'h2'] });
    assert.equal(socket.alpnProtocol, expected, codec_type);
    socket.destroy();
    await assert.rejects(connectTls(proxy.port, { ALPNProtocols: ['spdy/3'] }), /alert/i);
  }
});

test('without alpn_protocols nothing is negotiated', async (t) => {
  const proxy = await startTls(t);
  const socket = await open(t, proxy, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, false);
  assert.match(await exchangeTls(socket, closingRequest), /^HTTP\/1.1 200/);
});

test('cipher_suites are the ciphers of TLS 1.2, groups of equal preference among them', async (t) => {
  const proxy = await startTls(t, {
    cipher_suites: '[ECDHE-ECDSA-AES256-GCM-SHA384|ECDHE-ECDSA-CHACHA20-POLY1305]',
  });
  const options = { maxVersion: 'TLSv1.2' } as const;
  const socket = await open(t, proxy, options);
  assert.equal(socket.getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
  const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256';
  await assert.rejects(connectTls(proxy.port, { ...options, ciphers }), /handshake failure/);
});

test('ecdh_curves are the accepted curves', async (t) => {
  const proxy = await startTls(t, { ecdh_curves: 'P-384' });
  const socket = await open(t, proxy, { ecdhCurve: 'P-256:P-384' });
  assert.equal(socket.getProtocol(), 'TLSv1.3');
  await assert.rejects(connectTls(proxy.port, { ecdhCurve: 'P-256' }), /handshake failure/);
});

test('a session can be resumed, and is counted', async (t) => {
  const proxy = await startTls(t);
  const options = { maxVersion: 'TLSv1.2' } as const;
  const first = await open(t, proxy, options);
  const session = first.getSession();
  assert.ok(session);
  const second = await open(t, proxy, { ...options, session });
  assert.ok(second.isSessionReused());
  await proxy.untilStat('downstream_cx_ssl_total', 2);
  assert.equal(await tlsStat(proxy, 'session_reused'), 1);
});

test('a client that renegotiates is cut', async (t) => {
  const proxy = await startTls(t);
  const socket = await open(t, proxy, { maxVersion: 'TLSv1.2' });
  // Not by `once`, which rejects for the error that the client has first.
  const isClosed = new Promise((resolve) => socket.on('close', resolve));
  socket.resume();
  socket.renegotiate({}, () => {});
  await isClosed;
  assert.equal((await sendTls(proxy.port)).status, 200);
});

test('plain HTTP on a port with TLS is closed, and counted', async (t) => {
  const proxy = await startTls(t);
  assert.ok(!(await proxy.exchange(getRequest)).startsWith('HTTP/'));
  assert.equal(await tlsStat(proxy, 'connection_error'), 1);
  assert.equal(await proxy.stat('downstream_cx_total'), 0);
  assert.equal((await sendTls(proxy.port)).status, 200);
});

test('a handshake that is not finished within 15 s is cut, and counted', async (t) => {
  const proxy = await startTls(t);
  const client = await proxy.connect();
  // The beginning of a ClientHello.
  client.write('\x16\x03\x01\x02\x00\x01');
  await eventually('it is accepted', async () => {
    return (await proxy.stats()).get('listener.0.0.0.0_80.downstream_cx_active') === 1;
  });
  proxy.clock.advance(14_000);
  assert.equal(await tlsStat(proxy, 'connection_error'), 0);
  proxy.clock.advance(2000);
  await client.untilClosed();
  await eventually('it is counted', async () => (await tlsStat(proxy, 'connection_error')) === 1);
});

test('a secure connection is not cut when the time of its handshake is over', async (t) => {
  const proxy = await startTls(t);
  const socket = await open(t, proxy);
  await proxy.untilStat('downstream_cx_ssl_active', 1);
  proxy.clock.advance(20_000);
  assert.match(await exchangeTls(socket, closingRequest), /^HTTP\/1.1 200/);
});

test('clients that reset in the middle of a handshake leave nothing behind', async (t) => {
  const proxy = await startTls(t);
  for (let i = 0; i < 20; i++) {
    const socket = connectPlain(proxy.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('\x16\x03\x01\x02\x00\x01');
    socket.resetAndDestroy();
  }
  await eventually('all are gone', async () => {
    const stats = await proxy.stats();
    return (
      stats.get('listener.0.0.0.0_80.downstream_cx_destroy') === 20 &&
      stats.get(`${scope}connection_error`) === 20
    );
  });
  assert.equal((await sendTls(proxy.port)).status, 200);
});

test('draining closes idle connections and cuts handshakes', async (t) => {
  const proxy = await startTls(t);
  const idle = await open(t, proxy);
  const raw = await proxy.connect();
  raw.write('\x16\x03\x01\x02\x00\x01');
  await proxy.untilStat('downstream_cx_ssl_active', 1);
  await eventually('both are accepted', async () => {
    return (await proxy.stats()).get('listener.0.0.0.0_80.downstream_cx_active') === 2;
  });
  idle.resume();
  const isClosed = once(idle, 'close');
  await proxy.sidecar.drain();
  await Promise.all([isClosed, raw.untilClosed()]);
});

test('a request under way is finished before its connection is drained', async (t) => {
  let finish = (): void => {};
  const upstream = await FakeUpstream.start((_request, response) => {
    finish = () => response.end('done');
  });
  const proxy = await startTls(t, {}, { upstream });
  const response = sendTls(proxy.port);
  await proxy.untilStat('downstream_rq_active', 1);
  await eventually('it is with the host', () => upstream.requests.length === 1);
  const isDrained = proxy.sidecar.drain();
  finish();
  assert.equal((await response).text, 'done');
  await isDrained;
});

test('a WebSocket over TLS becomes a tunnel', async (t) => {
  const echo = await startEcho();
  const config = { listener: { ssl_context: sslContext() } };
  const proxy = await startWebSocketProxy(t, echo.raw, { config });
  const ca = readFileSync(tlsFile('authority.pem'));
  const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/`, { ca });
  await once(socket, 'open');
  assert.equal(await exchangeMessage(socket, 'hello'), 'hello');
  const bytes = Buffer.alloc(300_000, 7);
  assert.deepEqual(await exchangeMessage(socket, bytes), bytes);
  assert.equal(await proxy.stat('downstream_cx_ssl_active'), 1);
  assert.equal(await closeWebSocket(socket), 1000);
  await proxy.untilStat('downstream_cx_ssl_active', 0);
});

test('validate mode reads the files as serving would', async (t) => {
  const write = (ssl_context: object): Promise<string> => {
    const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
    const config = buildConfig({ clusters, listener: { ssl_context } });
    return writeTemporary(t, 'envoy.json', JSON.stringify(config));
  };
  const right = await runPillion(t, '-c', await write(sslContext()), '--mode', 'validate');
  assert.deepEqual([right.code, right.stderr], [0, '']);
  const path = await write(sslContext({ private_key_file: '/none.key' }));
  const wrong = await runPillion(t, '-c', path, '--mode', 'validate');
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.stderr,
    /private_key_file: "\/none.key" cannot be read: there is no such file/,
  );
  const asJson = await runPillion(t, '-c', path, '--mode', 'validate', '--json');
  assert.equal(asJson.code, 1);
  const { problems } = JSON.parse(asJson.stdout);
  assert.deepEqual(
    problems.map((problem: ConfigProblem) => problem.path),
    ['listeners[0].ssl_context.private_key_file'],
  );
});

async function startProblem(ssl: Record<string, unknown>): Promise<string> {
  const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
  const parts = { clusters, listener: { ssl_context: ssl } };
  const error = await startTestSidecar(parts).then(
    async ({ sidecar }) => {
      await sidecar.close();
      throw new Error('it started');
    },
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error);
  assert.equal(Reflect.get(error, 'code'), 'SIDECAR_TLS_FAILED', error.message);
  return error.message;
}

test('files that cannot be used are named at start, with the path of their key', async () => {
  const path = 'listeners[0].ssl_context';
  const missing = await startProblem(
    sslContext({ cert_chain_file: '/none.pem', private_key_file: tlsFile('client.pem') }),
  );
  assert.equal(
    missing,
    'TLS files cannot be used:' +
      `\n  ${path}.cert_chain_file: "/none.pem" cannot be read: there is no such file` +
      `\n  ${path}.private_key_file: "${tlsFile('client.pem')}" holds no private key in PEM`,
  );
  const wrongs: readonly [string, string, string][] = [
    ['cert_chain_file', 'server.key', 'holds no certificate in PEM'],
    ['cert_chain_file', '.', 'it is a folder'],
    ['cert_chain_file', 'expired.pem', 'expired on Dec 31 00:00:00 2001 GMT'],
    ['private_key_file', 'client.key', 'is not that of the first certificate'],
    ['private_key_file', 'encrypted.key', 'is encrypted'],
    ['ca_cert_file', 'server.key', 'holds no certificate in PEM'],
    ['crl_file', 'authority.pem', 'holds no certificate revocation list in PEM'],
  ];
  for (const [key, file, expected] of wrongs) {
    const message = await startProblem(sslContext({ [key]: tlsFile(file) }));
    assert.ok(message.includes(`\n  ${path}.${key}: `), message);
    assert.ok(message.includes(expected), message);
    assert.equal(message.split('\n').length, 2, message);
  }
});
