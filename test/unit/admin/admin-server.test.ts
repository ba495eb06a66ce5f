import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { AccessLog } from '../../../lib/telemetry/access-log/access-log.js';
import { AccessLogManager } from '../../../lib/telemetry/access-log/access-log-manager.js';
import { ResourceManager } from '../../../lib/upstream/resource-manager.js';
import { AdminFixture, closeOf } from '../../support/admin-fixture.js';
import { ManualClock } from '../../support/manual-clock.js';
import { until } from '../../support/until.js';

test('resolves with the address as bound', async (t) => {
  const { server, port } = await AdminFixture.start(t);
  assert.ok(port > 0);
  const again = await server.start({ host: '127.0.0.1', port: 0 });
  assert.ok(again instanceof Error, 'it can be started only once');
});

test('a port in use is an error value that says what to do', async (t) => {
  const { port, clock } = await AdminFixture.start(t);
  const other = new AdminFixture(await nullLog(clock));
  const error = await other.server.start({ host: '127.0.0.1', port });
  assert.ok(error instanceof Error);
  assert.equal('code' in error && error.code, 'SIDECAR_LISTEN_FAILED');
  assert.equal(
    error.message,
    `The admin server cannot listen on 127.0.0.1:${port}: the port is in use. ` +
      'Choose another one for admin.address, or end what uses it.',
  );
  await other.server.close();
});

test('an address that the machine does not have is an error value', async () => {
  const fixture = new AdminFixture(await nullLog(new ManualClock()));
  const error = await fixture.server.start({ host: '192.0.2.1', port: 0 });
  assert.ok(error instanceof Error);
  assert.match(error.message, /192\.0\.2\.1:0: this machine does not have the address/);
  await fixture.server.close();
});

async function nullLog(clock: ManualClock): Promise<AccessLog> {
  const log = await new AccessLogManager({ clock }).createAccessLog('/dev/null');
  assert.ok(!(log instanceof Error));
  return log;
}

test('every answer closes its connection', async (t) => {
  const fixture = await AdminFixture.start(t);
  const socket = await fixture.connect(t);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write('GET /server_info HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n');
  await closeOf(socket);
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(text, /\r\nconnection: close\r\n/i);
  await until(() => fixture.clock.timerCount === 0, 'nothing is left of the connection');
});

test('answers HTTP/1.0', async (t) => {
  const fixture = await AdminFixture.start(t);
  const socket = await fixture.connect(t);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write('GET /healthcheck/ok HTTP/1.0\r\n\r\n');
  await closeOf(socket);
  assert.match(text, /\r\n\r\nOK\n$/);
});

test('garbage ends its own connection only', async (t) => {
  const fixture = await AdminFixture.start(t);
  for (const garbage of ['\x16\x03\x01\x02\x00', 'NONSENSE\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n']) {
    const socket = await fixture.connect(t);
    socket.write(garbage);
    await closeOf(socket);
  }
  assert.equal((await fixture.ask('/')).status, 200);
});

test('a request head that is too large is refused', async (t) => {
  const fixture = await AdminFixture.start(t);
  const { status } = await fixture.ask('/', { headers: { 'x-large': 'x'.repeat(20_000) } });
  assert.equal(status, 431);
});

test('a client that never ends its request is cut off after half a minute', async (t) => {
  const fixture = await AdminFixture.start(t);
  const socket = await fixture.connect(t);
  const closed = closeOf(socket);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n');
  await until(() => fixture.clock.timerCount === 1, 'the connection is accepted');
  fixture.clock.advance(29_999);
  await setImmediate();
  assert.equal(socket.destroyed, false);
  fixture.clock.advance(1);
  await closed;
  assert.equal(fixture.clock.timerCount, 0);
});

test('a client that does not read holds up neither others nor the server', async (t) => {
  const fixture = await AdminFixture.start(t);
  let read = 0;
  fixture.shownClusters = (function* () {
    for (;;) {
      read++;
      yield {
        name: 'x'.repeat(100),
        defaultResources: new ResourceManager(thresholds),
        highResources: new ResourceManager(thresholds),
        addedViaApi: false,
        hostSet: { hosts: [] },
      };
    }
  })();
  const socket = await fixture.connect(t);
  socket.write('GET /clusters HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => read > 0, 'the reply has begun');
  assert.equal((await fixture.ask('/server_info')).status, 200);
  fixture.clock.advance(30_000);
  await closeOf(socket);
  const readThen = read;
  assert.equal((await fixture.ask('/server_info')).status, 200);
  assert.equal(read, readThen, 'no more is made of a reply that nobody gets');
});

const thresholds = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries: 1 };

test('a body that comes with the request is thrown away', async (t) => {
  const fixture = await AdminFixture.start(t);
  const body = 'x'.repeat(100_000);
  const { status } = await fixture.ask('/healthcheck/fail', { method: 'POST', body });
  assert.equal(status, 200);
  assert.equal(fixture.serverState.healthcheckFailed, true);
});

test('a fault behind an endpoint is an answer of 500, and the server lives on', async (t) => {
  const fixture = await AdminFixture.start(t);
  t.mock.method(fixture, 'clusters', () => {
    throw new Error('broken');
  });
  t.mock.method(fixture, 'listeners', () => {
    throw new Error('broken');
  });
  assert.equal((await fixture.ask('/listeners')).status, 500);
  await assert.rejects(fixture.ask('/clusters'), { code: 'ECONNRESET' });
  assert.equal((await fixture.ask('/server_info')).status, 200);
});

test('close ends open connections and the port is free again', async (t) => {
  const fixture = await AdminFixture.start(t);
  const socket = await fixture.connect(t);
  const closed = closeOf(socket);
  socket.write('GET / HTTP/1.1\r\n');
  await until(() => fixture.clock.timerCount === 1, 'the connection is accepted');
  await Promise.all([fixture.server.close(), fixture.server.close(), closed]);
  const server = createServer().listen(fixture.port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
});

test('close before start is allowed, and start then fails', async () => {
  const fixture = new AdminFixture(await nullLog(new ManualClock()));
  await fixture.server.close();
  const error = await fixture.server.start({ host: '127.0.0.1', port: 0 });
  assert.ok(error instanceof Error);
});

test('close during start leaves nothing open', async () => {
  const fixture = new AdminFixture(await nullLog(new ManualClock()));
  const starting = fixture.server.start({ host: 'localhost', port: 0 });
  await fixture.server.close();
  assert.ok((await starting) instanceof Error);
});

test('requests are written to the access log', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const manager = new AccessLogManager({ clock: new ManualClock() });
  const path = join(folder, 'admin.log');
  const log = await manager.createAccessLog(path);
  assert.ok(!(log instanceof Error));
  const fixture = await AdminFixture.start(t, log);
  await fixture.ask('/healthcheck/fail?x', {
    method: 'POST',
    headers: { 'User-Agent': 'curl/8', host: 'admin.example' },
    body: 'abc',
  });
  await until(() => manager.stats.writeBuffered === 1, 'the request is logged');
  await manager.close();
  assert.equal(
    await readFile(path, 'utf8'),
    '[2016-04-15T20:17:00.310Z] "POST /healthcheck/fail?x HTTP/1.1" 200 - 3 3 0 - "-" "curl/8" ' +
      '"-" "admin.example" "-"\n',
  );
});

test('neither the server nor an open connection keeps a process alive', async (t) => {
  const urlOf = (path: string): string => new URL(path, import.meta.url).href;
  const script = `
    import { once } from 'node:events';
    import { connect } from 'node:net';
    import { systemClock } from '${urlOf('../../../lib/base/clock.js')}';
    import { AccessLogManager } from '${urlOf('../../../lib/telemetry/access-log/access-log-manager.js')}';
    import { AdminFixture } from '${urlOf('../../support/admin-fixture.js')}';
    const log = await new AccessLogManager({ clock: systemClock }).createAccessLog('/dev/null');
    const fixture = new AdminFixture(log);
    const { port } = await fixture.server.start({ host: '127.0.0.1', port: 0 });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\\r\\n');
    socket.unref();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 20_000,
  });
  t.after(() => child.kill('SIGKILL'));
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
