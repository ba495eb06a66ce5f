import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { readBody, startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const defaultLine =
  /^\[(?<time>\S+)\] "(?<request>[^"]*)" (?<code>\d+) (?<flags>\S+) (?<received>\d+) (?<sent>\d+) (?<duration>\d+) (?<service>\S+) "(?<forwarded>[^"]*)" "(?<agent>[^"]*)" "(?<id>[^"]*)" "(?<authority>[^"]*)" "(?<host>[^"]*)"$/;

/** Takes a line of the default format apart. */
function parseLine(line: string | undefined): Record<string, string> {
  const match = defaultLine.exec(line ?? '');
  assert.ok(match?.groups !== undefined, `no line of the default format: ${line}`);
  return { ...match.groups };
}

/** Makes a folder that lasts as long as the test. */
async function temporaryFolder(after: (remove: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('logs a request in the default format', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => {
    request.resume().on('end', () => response.end('hello'));
  });
  const proxy = await TestProxy.start(t, { upstream });
  await proxy.send({
    method: 'POST',
    path: '/path?query',
    headers: { 'user-agent': 'test', 'x-request-id': 'id', 'x-forwarded-for': '192.0.2.1' },
    body: 'request body',
  });
  const [line] = await proxy.logLines(1);
  assert.equal(
    line,
    '[2016-04-15T20:17:00.310Z] "POST /path?query HTTP/1.1" 200 - 12 5 0 0 "192.0.2.1" "test" ' +
      `"id" "foo.com" "127.0.0.1:${upstream.port}"`,
  );
});

test('logs a mounted request as any other', async (t) => {
  const proxy = await startMounted(t, async (request, response) => {
    await readBody(request);
    response.write('hello ');
    response.end('world');
  });
  await proxy.send({ method: 'POST', headers: { 'x-request-id': 'id' }, body: 'request body' });
  const { host, ...rest } = parseLine((await proxy.logLines(1))[0]);
  assert.deepEqual(rest, {
    time: '2016-04-15T20:17:00.310Z',
    request: 'POST / HTTP/1.1',
    code: '200',
    flags: '-',
    received: '12',
    sent: '11',
    duration: '0',
    service: '0',
    forwarded: '-',
    agent: '-',
    id: 'id',
    authority: 'foo.com',
  });
  assert.match(host ?? '', /mounted/);
});

for (const kind of ['mounted', 'remote'] as const) {
  test(`logs how long a ${kind} request took, to the last byte`, async (t) => {
    let finish: (() => void) | undefined;
    const parts = { route: { timeout_ms: 0 } };
    const application = (_request: unknown, response: ServerResponse): void => {
      finish = () => (response.headersSent ? response.end() : response.write('begun'));
    };
    const proxy =
      kind === 'mounted'
        ? await startMounted(t, application, parts)
        : await TestProxy.start(t, { ...parts, upstream: await FakeUpstream.start(application) });
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => finish !== undefined, 'the application has the request');
    proxy.clock.advance(30);
    finish?.();
    await client.until('begun');
    proxy.clock.advance(12);
    finish?.();
    await client.until('\r\n0\r\n\r\n');
    const { duration, service, sent } = parseLine((await proxy.logLines(1))[0]);
    assert.deepEqual({ duration, service, sent }, { duration: '42', service: '30', sent: '5' });
  });
}

test('logs the replies of its own, with their flags', async (t) => {
  const refusing = `127.0.0.1:${await unusedPort()}`;
  const proxy = await TestProxy.start(t, {
    config: {
      clusters: [staticCluster('refusing', [`tcp://${refusing}`])],
      virtualHosts: [virtualHost(['refusing'], 'refusing')],
    },
  });
  await proxy.send({ headers: { host: 'refusing' } });
  await proxy.send({ headers: { host: 'unknown' } });
  const lines = (await proxy.logLines(2)).map(parseLine);
  assert.deepEqual(
    lines.map(({ authority, code, flags, sent, host }) => [authority, code, flags, sent, host]),
    [
      ['refusing', '503', 'UF', '57', refusing],
      ['unknown', '404', 'NR', '0', '-'],
    ],
  );
});

test('logs what a client got and sent before it left', async (t) => {
  const proxy = await startMounted(t, (request, response) => {
    request.on('data', () => response.write('begun'));
  });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nten bytes.');
  await client.until('begun');
  client.socket.destroy();
  await proxy.untilStat('downstream_rq_rx_reset', 1);
  const { code, flags, received, sent } = parseLine((await proxy.logLines(1))[0]);
  assert.deepEqual(
    { code, flags, received, sent },
    { code: '200', flags: '-', received: '10', sent: '5' },
  );
});

test('logs to every file that is configured, and at the latest when it closes', async (t) => {
  const folder = await temporaryFolder((remove) => t.after(remove));
  const paths = [join(folder, 'one'), join(folder, 'two')];
  const proxy = await startMounted(t, (_request, response) => response.end('body'), {
    manager: { access_log: paths.map((path) => ({ path })) },
  });
  await proxy.send();
  await proxy.close();
  for (const path of paths) {
    assert.equal(parseLine((await readFile(path, 'utf8')).trimEnd())['sent'], '4');
  }
});

test('reopenLogs: lines that come later go to the new file, after the old one was moved', async (t) => {
  const folder = await temporaryFolder((remove) => t.after(remove));
  const path = join(folder, 'log');
  const proxy = await startMounted(t, (_request, response) => response.end('body'), {
    manager: { access_log: [{ path, format: '%REQ(:PATH)%\n' }] },
  });
  await proxy.send({ path: '/before' });
  await rename(path, `${path}.1`);
  await proxy.sidecar.reopenLogs();
  await proxy.send({ path: '/after' });
  await proxy.close();
  assert.equal(await readFile(`${path}.1`, 'utf8'), '/before\n');
  assert.equal(await readFile(path, 'utf8'), '/after\n');
});

test('reopenLogs: where the folder has vanished the old file stays in use, and traffic goes on', async (t) => {
  const folder = await temporaryFolder((remove) => t.after(remove));
  const path = join(folder, 'logs', 'log');
  await mkdir(join(folder, 'logs'));
  const proxy = await startMounted(t, (_request, response) => response.end('body'), {
    manager: { access_log: [{ path, format: '%REQ(:PATH)%\n' }] },
  });
  await rename(join(folder, 'logs'), join(folder, 'moved'));
  await proxy.sidecar.reopenLogs();
  assert.equal((await proxy.stats()).get('filesystem.reopen_failed'), 1);
  assert.equal((await proxy.send({ path: '/after' })).status, 200);
  await proxy.close();
  assert.equal(await readFile(join(folder, 'moved', 'log'), 'utf8'), '/after\n');
});

test('a full disk does not disturb traffic', { skip: !existsSync('/dev/full') }, async (t) => {
  const proxy = await startMounted(t, (_request, response) => response.end('body'), {
    manager: { access_log: [{ path: '/dev/full' }] },
  });
  for (let i = 0; i < 20; i++) {
    assert.equal((await proxy.send()).status, 200);
  }
  await proxy.close();
});

test('logs the names that the application was shown, not those it changed', async (t) => {
  const proxy = await startMounted(t, (request, response) => {
    request.url = '/changed';
    request.method = 'PUT';
    request.headers['user-agent'] = 'changed';
    response.end();
  });
  await proxy.send({ path: '/sent', headers: { 'user-agent': 'sent' } });
  const { request, agent } = parseLine((await proxy.logLines(1))[0]);
  assert.deepEqual({ request, agent }, { request: 'GET /sent HTTP/1.1', agent: 'sent' });
});
