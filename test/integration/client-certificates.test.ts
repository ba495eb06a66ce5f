import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import {
  connectTls,
  credentials,
  exchangeTls,
  sendTls,
  sslContext,
  tlsFile,
} from '../support/tls-client.js';

const scope = 'listener.0.0.0.0_80.ssl.';
const header = 'x-forwarded-client-cert';
const authority = { ca_cert_file: tlsFile('authority.pem') };
const clientHash = hashOf('client');
const otherPeer = 'Hash=ab;SAN=spiffe://other';

/** As `openssl x509 -fingerprint -sha256` prints it. */
function hashOf(name: string): string {
  return new X509Certificate(readFileSync(tlsFile(`${name}.pem`))).fingerprint256;
}

interface Started {
  readonly proxy: TestProxy;
  readonly upstream: FakeUpstream;
}

async function start(
  t: TestContext,
  ssl: Record<string, unknown> | undefined,
  manager: Record<string, unknown> = {},
): Promise<Started> {
  const upstream = await FakeUpstream.start();
  const listener = ssl === undefined ? {} : { ssl_context: sslContext(ssl) };
  const proxy = await TestProxy.start(t, { upstream, manager, config: { listener } });
  return { proxy, upstream };
}

/** Returns the counters of the listener's TLS that are not 0, without those of ciphers. */
async function counters({ proxy }: Started): Promise<Record<string, number>> {
  const stats = [...(await proxy.stats())].filter(
    ([name, value]) => name.startsWith(scope) && !name.includes('.cipher.') && value !== 0,
  );
  return Object.fromEntries(stats.map(([name, value]) => [name.slice(scope.length), value]));
}

/** Fails unless a client is served. */
async function assertServed({ proxy }: Started, options?: ConnectionOptions): Promise<void> {
  assert.equal((await sendTls(proxy.port, options)).status, 200);
}

/** Fails unless a client is cut before any request of it is read. */
async function assertCut(started: Started, options?: ConnectionOptions): Promise<void> {
  await assert.rejects(sendTls(started.proxy.port, options));
  assert.equal(started.upstream.requests.length, 0);
  assert.equal(await started.proxy.stat('downstream_cx_total'), 0);
}

test('with ca_cert_file a certificate is verified, and none is needed', async (t) => {
  const started = await start(t, authority);
  await assertServed(started);
  await assertServed(started, credentials('client'));
  assert.deepEqual(await counters(started), { handshake: 2, no_certificate: 1 });
});

test('a certificate of another authority is refused', async (t) => {
  const started = await start(t, authority);
  await assertCut(started, credentials('stranger'));
  assert.deepEqual(await counters(started), { fail_verify_error: 1 });
});

test('require_client_certificate refuses clients without one', async (t) => {
  const started = await start(t, { ...authority, require_client_certificate: true });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    await assertCut(started, { maxVersion });
  }
  assert.deepEqual(await counters(started), { fail_verify_no_cert: 2 });
  await assertServed(started, credentials('client'));
});

test('without ca_cert_file any certificate will do', async (t) => {
  const started = await start(t, { require_client_certificate: true });
  await assertServed(started, credentials('stranger'));
  assert.deepEqual(await counters(started), { handshake: 1 });
});

test('without any of the keys no certificate is asked for', async (t) => {
  const started = await start(t, {});
  await assertServed(started, credentials('stranger'));
  assert.deepEqual(await counters(started), { handshake: 1, no_certificate: 1 });
});

const spellings: Readonly<Record<string, string>> = {
  'with colons': clientHash,
  'without colons': clientHash.replaceAll(':', '').toLowerCase(),
};

for (const [spelling, verify_certificate_hash] of Object.entries(spellings)) {
  test(`verify_certificate_hash, ${spelling}, names the one client`, async (t) => {
    const started = await start(t, { ...authority, verify_certificate_hash });
    await assertCut(started, credentials('plain-client'));
    await assertCut(started);
    assert.deepEqual(await counters(started), {
      fail_verify_cert_hash: 1,
      fail_verify_no_cert: 1,
    });
    await assertServed(started, credentials('client'));
  });
}

test('verify_subject_alt_name names the clients, by host or URI', async (t) => {
  for (const name of ['client.example.com', 'spiffe://test/second']) {
    const started = await start(t, { ...authority, verify_subject_alt_name: ['other', name] });
    await assertCut(started, credentials('plain-client'));
    await assertCut(started, credentials('quoted'));
    await assertCut(started, credentials('stranger'));
    await assertCut(started);
    assert.deepEqual(await counters(started), {
      fail_verify_san: 2,
      fail_verify_error: 1,
      fail_verify_no_cert: 1,
    });
    await assertServed(started, credentials('client'));
  }
});

test('crl_file refuses certificates that have been revoked', async (t) => {
  const started = await start(t, { ...authority, crl_file: tlsFile('authority.crl.pem') });
  await assertCut(started, credentials('revoked'));
  assert.deepEqual(await counters(started), { fail_verify_error: 1 });
  await assertServed(started, credentials('client'));
});

test('a request that comes with the end of the handshake is not read for a client that is cut', async (t) => {
  const started = await start(t, { ...authority, require_client_certificate: true });
  const socket = await connectTls(started.proxy.port).catch(() => undefined);
  const text =
    socket && (await exchangeTls(socket, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(10)));
  assert.equal(text ?? '', '');
  assert.equal(started.upstream.requests.length, 0);
});

test('a client that resumes its session is verified like any other, and known', async (t) => {
  const manager = { forward_client_cert: 'sanitize_set' };
  const started = await start(t, { ...authority, require_client_certificate: true }, manager);
  const options = { ...credentials('client'), maxVersion: 'TLSv1.2' } as const;
  const first = await connectTls(started.proxy.port, options);
  const session = first.getSession();
  assert.ok(session);
  first.destroy();
  await assertServed(started, { ...options, session });
  assert.deepEqual(await counters(started), { handshake: 2, session_reused: 1 });
  assert.match(String(started.upstream.requests[0]?.headers[header]), /^By=.*;Hash=/);
});

const own = `By=spiffe://test/server;Hash=${clientHash.replaceAll(':', '').toLowerCase()}`;

/** What the host sees in the header: of a client with a certificate, and of one without. */
const modes: Readonly<Record<string, readonly [string | undefined, string | undefined]>> = {
  sanitize: [undefined, undefined],
  forward_only: [otherPeer, undefined],
  always_forward_only: [otherPeer, otherPeer],
  append_forward: [`${otherPeer},${own}`, undefined],
  sanitize_set: [own, undefined],
};

for (const [forward_client_cert, [withCertificate, without]] of Object.entries(modes)) {
  test(`forward_client_cert ${forward_client_cert}, with and without a certificate`, async (t) => {
    const { proxy, upstream } = await start(t, authority, { forward_client_cert });
    const sent = { headers: { [header]: otherPeer } };
    await sendTls(proxy.port, credentials('client'), sent);
    await sendTls(proxy.port, {}, sent);
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers[header]),
      [withCertificate, without],
    );
    const plain = await start(t, undefined, { forward_client_cert });
    await plain.proxy.send(sent);
    assert.equal(plain.upstream.requests[0]?.headers[header], without);
  });
}

test('a peer that says nothing of others is alone in the header', async (t) => {
  for (const forward_client_cert of ['append_forward', 'sanitize_set']) {
    const { proxy, upstream } = await start(t, authority, { forward_client_cert });
    await sendTls(proxy.port, credentials('client'));
    await sendTls(proxy.port, credentials('client'), { headers: { [header]: '' } });
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers[header]),
      [own, own],
    );
  }
});

test('several fields of what a peer says of others are one list', async (t) => {
  const manager = { forward_client_cert: 'append_forward' };
  const { proxy, upstream } = await start(t, authority, manager);
  await sendTls(proxy.port, credentials('client'), { headers: { [header]: ['Hash=1', 'Hash=2'] } });
  assert.equal(upstream.requests[0]?.headers[header], `Hash=1,Hash=2,${own}`);
});

test('set_current_client_cert_details adds subject and name, quoted where they must be', async (t) => {
  const seen = async (client: string, ...details: string[]): Promise<string> => {
    const { proxy, upstream } = await start(t, authority, {
      forward_client_cert: 'sanitize_set',
      set_current_client_cert_details: details,
    });
    await sendTls(proxy.port, credentials(client));
    return String(upstream.requests[0]?.headers[header]).replace(
      /^By=[^;]*;Hash=[0-9a-f]{64};/,
      '',
    );
  };
  const subject = 'Subject="CN=t\\C3\\A9st,OU=a+CN=b,O=Example\\, \\"Inc\\",C=US"';
  assert.equal(await seen('client', 'Subject'), subject);
  assert.equal(await seen('client', 'SAN'), 'SAN=spiffe://test/client');
  assert.equal(await seen('client', 'Subject', 'SAN'), `${subject};SAN=spiffe://test/client`);
  assert.equal(await seen('client', 'SAN', 'Subject'), `SAN=spiffe://test/client;${subject}`);
  assert.equal(await seen('quoted', 'SAN'), 'SAN="http://a/b,c=d;\\"q\\""');
  assert.equal(await seen('plain-client', 'Subject', 'SAN'), 'Subject="CN=plain";SAN=');
});

test('a listener whose certificate has no URI does not name itself', async (t) => {
  const ssl = {
    ...authority,
    cert_chain_file: tlsFile('plain-client.pem'),
    private_key_file: tlsFile('plain-client.key'),
  };
  const { proxy, upstream } = await start(t, ssl, { forward_client_cert: 'sanitize_set' });
  await sendTls(proxy.port, { ...credentials('client'), checkServerIdentity: () => undefined });
  assert.match(String(upstream.requests[0]?.headers[header]), /^Hash=[0-9a-f]{64}$/);
});
