import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { eventually } from '../support/eventually.js';
import { TestProxy } from '../support/proxy.js';
import { connectTls, credentials, exchangeTls, sendTls, tlsFile } from '../support/tls-client.js';

const closingRequest = 'GET / HTTP/1.1\r\nhost: foo.com\r\nconnection: close\r\n\r\n';

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts a certificate and its key into a folder, as `tls.crt` and `tls.key`. */
async function putCertificate(folder: string, name: string): Promise<void> {
  await copyFile(tlsFile(`${name}.key`), join(folder, 'tls.key'));
  await copyFile(tlsFile(`${name}.pem`), join(folder, 'tls.crt'));
}

function start(t: TestContext, folder: string, more: object = {}): Promise<TestProxy> {
  const ssl_context = {
    cert_chain_file: join(folder, 'tls.crt'),
    private_key_file: join(folder, 'tls.key'),
    ...more,
  };
  return TestProxy.start(t, { config: { listener: { ssl_context } } });
}

/** The common name that a new connection is shown. */
async function shownName(proxy: TestProxy): Promise<string> {
  const socket = await connectTls(proxy.port);
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return String(name);
}

/** Lets the time go by in which a change must be noticed, until it has been. */
function notices(proxy: TestProxy, what: string, isSo: () => Promise<boolean>): Promise<void> {
  return eventually(what, async () => {
    proxy.clock.advance(5000);
    return await isSo();
  });
}

test('new connections get the new certificate, and those under way go on', async (t) => {
  const folder = await makeFolder(t);
  await putCertificate(folder, 'server');
  const proxy = await start(t, folder);
  const before = await connectTls(proxy.port);
  assert.equal(await shownName(proxy), 'server');
  await putCertificate(folder, 'renewed');
  await notices(proxy, 'it is shown', async () => (await shownName(proxy)) === 'renewed');
  assert.equal(before.getPeerCertificate().subject.CN, 'server');
  assert.match(await exchangeTls(before, closingRequest), /^HTTP\/1.1 200/);
});

test('a link to a folder that is exchanged is noticed, as Kubernetes does it', async (t) => {
  const folder = await makeFolder(t);
  for (const name of ['server', 'renewed']) {
    await mkdir(join(folder, `..${name}`));
    await putCertificate(join(folder, `..${name}`), name);
  }
  await symlink('..server', join(folder, '..data'));
  for (const file of ['tls.crt', 'tls.key']) {
    await symlink(join('..data', file), join(folder, file));
  }
  const proxy = await start(t, folder);
  assert.equal(await shownName(proxy), 'server');
  await symlink('..renewed', join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await notices(proxy, 'it is shown', async () => (await shownName(proxy)) === 'renewed');
});

test('files that cannot be used are told of once, and those from before stay in use', async (t) => {
  const folder = await makeFolder(t);
  await putCertificate(folder, 'server');
  const proxy = await start(t, folder);
  await copyFile(tlsFile('renewed.pem'), join(folder, 'tls.crt'));
  await notices(proxy, 'it is told of', async () => proxy.errors.length > 0);
  for (let i = 0; i < 5; i++) {
    proxy.clock.advance(5000);
    assert.equal(await shownName(proxy), 'server');
  }
  assert.deepEqual(proxy.errors, [
    'the TLS files have changed, but those from before stay in use: ' +
      `listeners[0].ssl_context.private_key_file: the key in "${join(folder, 'tls.key')}" is not ` +
      `that of the first certificate in "${join(folder, 'tls.crt')}"`,
  ]);
  await writeFile(join(folder, 'tls.crt'), 'no certificate');
  await notices(proxy, 'the next is told of', async () => proxy.errors.length === 2);
  await putCertificate(folder, 'renewed');
  await notices(proxy, 'it is shown', async () => (await shownName(proxy)) === 'renewed');
});

test('another authority holds for sessions that are resumed, too', async (t) => {
  const folder = await makeFolder(t);
  await putCertificate(folder, 'server');
  const ca_cert_file = join(folder, 'ca.crt');
  await copyFile(tlsFile('authority.pem'), ca_cert_file);
  const proxy = await start(t, folder, { ca_cert_file, require_client_certificate: true });
  const options: ConnectionOptions = { ...credentials('client'), maxVersion: 'TLSv1.2' };
  const first = await connectTls(proxy.port, options);
  const session = first.getSession();
  assert.ok(session);
  first.destroy();
  await copyFile(tlsFile('other-authority.pem'), ca_cert_file);
  await notices(proxy, 'strangers are let in', () =>
    sendTls(proxy.port, credentials('stranger')).then(
      () => true,
      () => false,
    ),
  );
  await assert.rejects(sendTls(proxy.port, { ...options, session }));
  await assert.rejects(sendTls(proxy.port, options));
});

test('server.days_until_first_cert_expiring follows the certificates in use', async (t) => {
  const folder = await makeFolder(t);
  await putCertificate(folder, 'server');
  const proxy = await start(t, folder);
  const days = async (): Promise<number> =>
    (await proxy.stats()).get('server.days_until_first_cert_expiring') ?? -1;
  const before = await days();
  assert.ok(before > 36_500 && before < 100_000, String(before));
  // The clock stands in the year 2016.
  proxy.clock.advance(86_400_000);
  assert.equal(await days(), before - 1);
  const plain = await TestProxy.start(t);
  const stats = await plain.stats();
  assert.equal(stats.get('server.days_until_first_cert_expiring'), 2 ** 31 - 1);
});
