import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SidecarError } from '../../lib/base/errors.js';
import { systemRandom } from '../../lib/base/random.js';
import { type Sidecar, startSidecar } from '../../lib/sidecar.js';
import { buildConfig, type Json, staticCluster } from '../support/config-builder.js';
import { unusedPort } from '../support/fake-upstream.js';
import { assertNothingLeft, countHandles } from '../support/leftovers.js';
import { ManualClock } from '../support/manual-clock.js';
import { TestProxy } from '../support/proxy.js';

/** Starts a sidecar whose `admin` has these keys, and that binds what they say. */
async function startWithAdmin(t: TestContext, admin: Json): Promise<Sidecar> {
  const before = countHandles();
  const clusters = [staticCluster('app', ['tcp://127.0.0.1:9'])];
  const config = {
    ...buildConfig({ clusters, hasListener: false }),
    admin: { access_log_path: '/dev/null', address: 'tcp://127.0.0.1:0', ...admin },
  };
  const clock = new ManualClock();
  const environment = { clock, random: systemRandom };
  const sidecar = await startSidecar({ config }, environment);
  t.after(async () => {
    await sidecar.close();
    assert.equal(clock.timerCount, 0, 'timers are left');
    await assertNothingLeft(before);
  });
  return sidecar;
}

/** Makes a folder that lasts as long as the test. */
async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Asks the admin server for a path, on a connection of its own. */
async function askAdmin(address: string | undefined, path: string): Promise<string> {
  const response = await fetch(`${address?.replace('tcp:', 'http:')}${path}`);
  return `${response.status} ${(await response.text()).trim()}`;
}

test('address: the admin server listens there, as long as the sidecar is open', async (t) => {
  const address = `tcp://127.0.0.1:${await unusedPort()}`;
  const sidecar = await startWithAdmin(t, { address });
  assert.equal(sidecar.admin?.address, address);
  assert.match(await askAdmin(address, '/server_info'), /^200 pillion /);
  await sidecar.close();
  assert.equal(sidecar.admin, undefined);
  await assert.rejects(askAdmin(address, '/server_info'));
});

test('address: with port 0 the system chooses one', async (t) => {
  const { admin } = await startWithAdmin(t, { address: 'tcp://127.0.0.1:0' });
  assert.match(admin?.address ?? '', /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  assert.match(await askAdmin(admin?.address, '/server_info'), /^200 pillion /);
});

test('access_log_path: every request to the admin server is one line there', async (t) => {
  const path = join(await temporaryFolder(t), 'admin.log');
  const sidecar = await startWithAdmin(t, { access_log_path: path });
  await askAdmin(sidecar.admin?.address, '/server_info');
  await askAdmin(sidecar.admin?.address, '/no-such-page?x');
  await sidecar.close();
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  assert.equal(lines.length, 2, lines.join('\n'));
  assert.match(lines[0] ?? '', /^\[.+\] "GET \/server_info HTTP\/1\.1" 200 /);
  assert.match(lines[1] ?? '', /^\[.+\] "GET \/no-such-page\?x HTTP\/1\.1" 404 /);
});

test('access_log_path: a file that cannot be opened keeps the sidecar from starting', async (t) => {
  const path = join(await temporaryFolder(t), 'missing', 'admin.log');
  await assert.rejects(startWithAdmin(t, { access_log_path: path }), (error) => {
    assert.ok(error instanceof SidecarError);
    assert.equal(error.code, 'SIDECAR_ACCESS_LOG_FAILED');
    assert.ok(error.message.includes(path), error.message);
    return true;
  });
});

test('profile_path: is accepted, and nothing is written there', async (t) => {
  const folder = await temporaryFolder(t);
  const sidecar = await startWithAdmin(t, { profile_path: join(folder, 'envoy.prof') });
  assert.match(await askAdmin(sidecar.admin?.address, '/server_info'), /^200 /);
  await sidecar.close();
  assert.deepEqual(await readdir(folder), []);
});

test('stat_prefix: names the statistics of the connection manager in /stats', async (t) => {
  const proxy = await TestProxy.start(t, { manager: { stat_prefix: 'my_edge' } });
  await proxy.send();
  await proxy.send();
  const answer = await askAdmin(`tcp://127.0.0.1:${proxy.adminPort}`, '/stats');
  assert.match(answer, /^http\.my_edge\.downstream_rq_2xx: 2$/m);
  assert.match(answer, /^http\.my_edge\.rq_total: 2$/m);
  assert.match(answer, /^listener\.[^ ]+\.http\.my_edge\.downstream_rq_2xx: 2$/m);
  assert.doesNotMatch(answer, /ingress_http/);
});
