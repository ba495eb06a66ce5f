import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildConfig, type Json, staticCluster } from '../support/config-builder.js';
import { eventually } from '../support/eventually.js';
import { runPillion, writeTemporary } from '../support/pillion-command.js';
import { TestProxy } from '../support/proxy.js';
import { startTestSidecar } from '../support/test-sidecar.js';
import { tlsFile } from '../support/tls-client.js';
import { clusterTlsStat, shown, startToTls, TlsUpstream } from '../support/tls-upstream.js';

const authority = tlsFile('authority.pem');

function hashOf(name: string): string {
  return new X509Certificate(readFileSync(tlsFile(`${name}.pem`))).fingerprint256;
}

/** Sends a request to a host that shows a certificate. */
async function ask(
  t: TestContext,
  certificate: string,
  ssl: Json,
): Promise<{ proxy: TestProxy; status: number; upstream: TlsUpstream }> {
  const upstream = await TlsUpstream.start(t, shown(certificate));
  const proxy = await startToTls(t, upstream, ssl);
  const { status } = await proxy.send();
  return { proxy, status, upstream };
}

/** Fails unless a host is refused for this reason, and never sees a request. */
async function assertRefused(
  t: TestContext,
  certificate: string,
  ssl: Json,
  stat: string,
): Promise<void> {
  const { proxy, status, upstream } = await ask(t, certificate, ssl);
  assert.equal(status, 503);
  assert.equal(await proxy.loggedResult(), '503 UF');
  assert.equal(await clusterTlsStat(proxy, stat), 1, stat);
  assert.equal(await clusterTlsStat(proxy, 'handshake'), 0);
  assert.equal(await clusterTlsStat(proxy, 'connection_error'), 0);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_connect_fail'), 1);
}

test('without ca_cert_file nobody asks who the host is', async (t) => {
  assert.equal((await ask(t, 'stranger', {})).status, 200);
});

test('ca_cert_file: the host must be of one of these authorities', async (t) => {
  assert.equal((await ask(t, 'server', { ca_cert_file: authority })).status, 200);
  await assertRefused(t, 'stranger', { ca_cert_file: authority }, 'fail_verify_error');
});

test('verify_subject_alt_name: the host must have one of these names', async (t) => {
  const named = (...names: string[]): Json => ({
    ca_cert_file: authority,
    verify_subject_alt_name: names,
  });
  assert.equal((await ask(t, 'server', named('x', 'spiffe://test/server'))).status, 200);
  assert.equal((await ask(t, 'server', named('localhost'))).status, 200);
  await assertRefused(t, 'server', named('spiffe://test/other'), 'fail_verify_san');
  await assertRefused(t, 'plain-client', named('plain'), 'fail_verify_san');
});

test('verify_certificate_hash: the certificate must be this very one', async (t) => {
  const verify_certificate_hash = hashOf('server');
  assert.equal((await ask(t, 'server', { verify_certificate_hash })).status, 200);
  await assertRefused(t, 'renewed', { verify_certificate_hash }, 'fail_verify_cert_hash');
});

test('cert_chain_file and private_key_file: the host learns who we are', async (t) => {
  const options = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority) };
  const upstream = await TlsUpstream.start(t, options);
  const client = {
    cert_chain_file: tlsFile('client.pem'),
    private_key_file: tlsFile('client.key'),
  };
  const proxy = await startToTls(t, upstream, client);
  assert.equal((await proxy.send()).status, 200);
  const [socket] = upstream.secured;
  assert.equal(socket?.getPeerX509Certificate()?.fingerprint256, hashOf('client'));
  const unknown = await startToTls(t, upstream, {});
  assert.equal((await unknown.send()).status, 503);
});

test('a session is resumed only with a host that passes', async (t) => {
  const upstream = await TlsUpstream.start(t, { maxVersion: 'TLSv1.2' });
  const cluster = { max_requests_per_connection: 1 };
  const ssl = { ca_cert_file: authority, verify_subject_alt_name: ['localhost'] };
  const proxy = await startToTls(t, upstream, ssl, { cluster });
  assert.equal((await proxy.send()).status, 200);
  assert.equal((await proxy.send()).status, 200);
  assert.equal(await clusterTlsStat(proxy, 'session_reused'), 1);
  upstream.server.setSecureContext(shown('stranger'));
  assert.equal((await proxy.send()).status, 503);
  assert.equal(await clusterTlsStat(proxy, 'fail_verify_error'), 1);
});

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('files are read again when they change, and new connections use them', async (t) => {
  const folder = await makeFolder(t);
  const ca_cert_file = join(folder, 'ca.crt');
  await copyFile(authority, ca_cert_file);
  const upstream = await TlsUpstream.start(t);
  const cluster = { max_requests_per_connection: 1 };
  const proxy = await startToTls(t, upstream, { ca_cert_file }, { cluster });
  assert.equal((await proxy.send()).status, 200);
  await copyFile(tlsFile('other-authority.pem'), ca_cert_file);
  await eventually('the host is refused', async () => {
    proxy.clock.advance(5000);
    return (await proxy.send()).status === 503;
  });
  await copyFile(tlsFile('server.key'), ca_cert_file);
  await eventually('it is told of', () => {
    proxy.clock.advance(5000);
    return proxy.errors.length > 0;
  });
  assert.deepEqual(proxy.errors, [
    'the TLS files have changed, but those from before stay in use: ' +
      `cluster_manager.clusters[0].ssl_context.ca_cert_file: "${ca_cert_file}" holds no ` +
      'certificate in PEM',
  ]);
  assert.equal((await proxy.send()).status, 503);
  await copyFile(authority, ca_cert_file);
  await eventually('the host is let in again', async () => {
    proxy.clock.advance(5000);
    return (await proxy.send()).status === 200;
  });
});

test('files that cannot be used are named at start, with the path of their key', async () => {
  const path = 'cluster_manager.clusters[0].ssl_context';
  const client = {
    cert_chain_file: tlsFile('client.pem'),
    private_key_file: tlsFile('client.key'),
  };
  const wrongs: readonly [Json, string][] = [
    [{ ca_cert_file: '/none.pem' }, `${path}.ca_cert_file: "/none.pem" cannot be read`],
    [{ ...client, cert_chain_file: tlsFile('expired.pem') }, 'expired on Dec 31'],
    [
      { ...client, private_key_file: tlsFile('server.key') },
      `${path}.private_key_file: the key in`,
    ],
    [{ ...client, private_key_file: tlsFile('encrypted.key') }, 'is encrypted'],
  ];
  for (const [ssl_context, expected] of wrongs) {
    const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'], { ssl_context })];
    const error = await startTestSidecar({ clusters }).then(
      async ({ sidecar }) => {
        await sidecar.close();
        throw new Error('it started');
      },
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Error);
    assert.equal(Reflect.get(error, 'code'), 'SIDECAR_TLS_FAILED', error.message);
    assert.ok(error.message.includes(expected), error.message);
  }
});

test('where an application is mounted the files are not needed', async (t) => {
  const cluster = { ssl_context: { ca_cert_file: '/none.pem' }, features: 'http2' };
  const mount = { app: (_: unknown, response: { end(text: string): void }) => response.end('hi') };
  const proxy = await TestProxy.start(t, { cluster, options: { mount } });
  assert.equal((await proxy.send()).text, 'hi');
  assert.deepEqual(proxy.errors, []);
});

test('validate mode reads the files of clusters, too', async (t) => {
  const clusters = [
    staticCluster('app', ['tcp://127.0.0.1:1'], { ssl_context: { ca_cert_file: '/none.pem' } }),
  ];
  const path = await writeTemporary(t, 'envoy.json', JSON.stringify(buildConfig({ clusters })));
  for (const more of [[], ['--json']]) {
    const { code, stdout, stderr } = await runPillion(t, '-c', path, '--mode', 'validate', ...more);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /ca_cert_file.*\/none.pem.*there is no such file/s);
  }
});

test('/certs and server.days_until_first_cert_expiring show certificates of clusters', async (t) => {
  const upstream = await TlsUpstream.start(t);
  const proxy = await startToTls(t, upstream, { ca_cert_file: authority });
  const certs = await fetch(`http://127.0.0.1:${proxy.adminPort}/certs`);
  const { serialNumber, validTo } = new X509Certificate(readFileSync(authority));
  const days = Math.floor((Date.parse(validTo) - proxy.clock.wallNow()) / 86_400_000);
  assert.equal(
    await certs.text(),
    `Certificate Path: ${authority}, Serial Number: ${serialNumber.toLowerCase()}, ` +
      `Days until Expiration: ${days}\n`,
  );
  assert.equal((await proxy.stats()).get('server.days_until_first_cert_expiring'), days);
});
