import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Command } from '../support/command.js';
import {
  adminAddress,
  buildConfig,
  listenerAddress,
  staticCluster,
} from '../support/config-builder.js';
import { eventually } from '../support/eventually.js';
import { FakeUpstream, type UpstreamHandler } from '../support/fake-upstream.js';
import { findFreePorts, isRefused } from '../support/free-ports.js';
import { type ClientResponse, send } from '../support/http-client.js';
import {
  adminPort,
  anyPort,
  bindAnywhere,
  createDirectory,
  listenerPort,
  startPillion,
  writeConfig,
  writeTemporary,
} from '../support/pillion-command.js';

const ended = { code: 0, signal: null };

async function startUpstream(t: TestContext, handler: UpstreamHandler): Promise<FakeUpstream> {
  const upstream = await FakeUpstream.start(handler);
  t.after(() => upstream.close());
  return upstream;
}

/** A host that keeps every request until it is told to answer. */
interface SilentUpstream {
  readonly upstream: FakeUpstream;
  /** Resolves when the first request has come. */
  readonly asked: Promise<void>;
  answer(): void;
}

async function startSilentUpstream(t: TestContext): Promise<SilentUpstream> {
  let answer = (): void => {};
  let onAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve;
  });
  const upstream = await startUpstream(t, (_request, response) => {
    answer = () => response.end('late');
    onAsked();
  });
  return { upstream, asked, answer: () => answer() };
}

/** A command that serves, with a request under way. */
interface Busy {
  readonly command: Command;
  readonly port: number;
  readonly response: Promise<ClientResponse>;
  answer(): void;
}

async function startBusy(t: TestContext, ...args: readonly string[]): Promise<Busy> {
  const { upstream, asked, answer } = await startSilentUpstream(t);
  const config = await writeConfig(t, upstream.url);
  const command = startPillion(t, '-c', config, ...bindAnywhere, ...args);
  const port = await listenerPort(command);
  const response = send(port);
  // Awaited later, and it may fail before.
  response.catch(() => {});
  await asked;
  return { command, port, response, answer };
}

test('serves what the configuration says, where the command line says', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    response.end(`hello from ${request.url}`);
  });
  const config = await writeConfig(t, 'tcp://192.0.2.1:80');
  const connectTo = ['--connect-to', `192.0.2.1:80:127.0.0.1:${upstream.port}`];
  const command = startPillion(t, '-c', config, ...bindAnywhere, ...connectTo);
  const { status, text } = await send(await listenerPort(command), { path: '/x' });
  assert.deepEqual([status, text], [200, 'hello from /x']);
  const info = await send(await adminPort(command), { path: '/server_info' });
  assert.equal(info.status, 200);
});

test('finishes requests under way after SIGTERM, and then ends with 0', async (t) => {
  const { command, port, response, answer } = await startBusy(t);
  command.kill('SIGTERM');
  await command.waitFor(/SIGTERM: draining/);
  // It is still there as long as the request is.
  const admin = await adminPort(command);
  for (let i = 0; i < 5; i++) {
    assert.match((await send(admin, { path: '/server_info' })).text, /draining/);
    assert.ok(await isRefused(port));
  }
  answer();
  const { status, text } = await response;
  assert.deepEqual([status, text], [200, 'late']);
  assert.deepEqual(await command.exited, ended);
});

test('cuts what is under way when the drain time is over', async (t) => {
  const { command, response } = await startBusy(t, '--drain-time-s=0');
  command.kill('SIGINT');
  await assert.rejects(response);
  assert.deepEqual(await command.exited, ended);
});

test('opens its access logs anew at SIGUSR2', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const folder = await createDirectory(t);
  const log = join(folder, 'access.log');
  const document = buildConfig({
    clusters: [staticCluster('app', [upstream.url])],
    manager: { access_log: [{ path: log, format: '%REQ(:PATH)%\n' }] },
  });
  const config = await writeTemporary(t, 'envoy.json', JSON.stringify(document));
  const flags = ['--file-flush-interval-msec', '20'];
  const command = startPillion(t, '-c', config, ...bindAnywhere, ...flags);
  const port = await listenerPort(command);
  await send(port, { path: '/before' });
  await rename(log, `${log}.1`);
  command.kill('SIGUSR2');
  await eventually('there is a new file', () => existsSync(log));
  await send(port, { path: '/after' });
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, ended);
  assert.equal(await readFile(`${log}.1`, 'utf8'), '/before\n');
  assert.equal(await readFile(log, 'utf8'), '/after\n');
});

test('reads its configuration anew at SIGHUP, and keeps the one in force if it is refused', async (t) => {
  const first = await startUpstream(t, (_request, response) => response.end('first'));
  const second = await startUpstream(t, (_request, response) => response.end('second'));
  const documentTo = ({ url }: { readonly url: string }): string =>
    JSON.stringify(buildConfig({ clusters: [staticCluster('app', [url])] }));
  const config = await writeTemporary(t, 'envoy.json', documentTo(first));
  const command = startPillion(t, '-c', config, ...bindAnywhere);
  const port = await listenerPort(command);
  await writeFile(config, '{');
  command.kill('SIGHUP');
  await command.waitFor(/SIGHUP: nothing has changed/);
  assert.equal((await send(port)).text, 'first');
  await writeFile(config, documentTo(second));
  command.kill('SIGHUP');
  await command.waitFor(/SIGHUP: .*envoy\.json is in force/);
  assert.equal((await send(port)).text, 'second');
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, ended);
});

test('ends at once at the second signal', async (t) => {
  const { command, response } = await startBusy(t);
  command.kill('SIGTERM');
  await command.waitFor(/SIGTERM: draining/);
  command.kill('SIGINT');
  await assert.rejects(response);
  assert.deepEqual(await command.exited, { code: 130, signal: null });
});

test('ends at the first signal while it starts', async (t) => {
  // Discovery that does not answer: the start waits for it.
  const { upstream, asked } = await startSilentUpstream(t);
  const { hosts: _, ...app } = staticCluster('app', []);
  const config = buildConfig({
    clusters: [{ ...app, type: 'sds', service_name: 'app' }],
    sds: { cluster: staticCluster('sds', [upstream.url]), refresh_delay_ms: 1000 },
  });
  const path = await writeTemporary(t, 'envoy.json', JSON.stringify(config));
  const command = startPillion(t, '-c', path, ...bindAnywhere);
  await asked;
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, { code: 143, signal: null });
});

test('a signal to reopen or to read again while it starts does not end it', async (t) => {
  const { upstream, asked } = await startSilentUpstream(t);
  const { hosts: _, ...app } = staticCluster('app', []);
  const parts = {
    clusters: [{ ...app, type: 'sds', service_name: 'app' }],
    sds: { cluster: staticCluster('sds', [upstream.url]), refresh_delay_ms: 1000 },
  };
  const config = await writeTemporary(t, 'envoy.json', JSON.stringify(buildConfig(parts)));
  const command = startPillion(t, '-c', config, ...bindAnywhere);
  await asked;
  await writeFile(config, '{');
  command.kill('SIGUSR2');
  command.kill('SIGHUP');
  await command.waitFor(/SIGHUP: nothing has changed/);
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, ended);
});

test('says that one process is one worker', async (t) => {
  const config = await writeConfig(t);
  const command = startPillion(t, '-c', config, ...bindAnywhere, '--concurrency', '4');
  await command.waitFor(/--concurrency 4: one process is one worker/);
  await listenerPort(command);
});

test('is silent when it is told to be', async (t) => {
  const config = await writeConfig(t);
  const [port = 0] = await findFreePorts(1);
  const command = startPillion(
    t,
    ...['-c', config, '-l', 'off', '--concurrency', '4'],
    ...['--listen-on', `${listenerAddress}=tcp://127.0.0.1:${port}`],
    ...['--listen-on', `${adminAddress}=${anyPort}`],
  );
  await eventually('it listens', async () => !(await isRefused(port)));
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, ended);
  assert.deepEqual([command.stdout, command.stderr], ['', '']);
});

test('serves registrations from a file and follows its changes', async (t) => {
  const path = '/v1/registration/orders.shop.svc.cluster.local';
  const hostsOn = (port: number): object[] => [{ ip_address: '10.0.0.1', port }];
  const textWith = (port: number): string =>
    JSON.stringify({ registrations: { 'orders.shop.svc.cluster.local': hostsOn(port) } });
  const file = await writeTemporary(t, 'registrations.json', textWith(1));
  // One dash before a long name, as kubernetes-envoy-sds is started.
  const command = startPillion(t, 'sds', '-http=127.0.0.1:0', '--file', file);
  const [, port] = await command.waitFor(/http:\/\/127\.0\.0\.1:(\d+)\/v1\/registration\//);
  const ask = async (): Promise<unknown> => JSON.parse((await send(Number(port), { path })).text);
  assert.deepEqual(await ask(), { hosts: hostsOn(1) });
  await writeFile(`${file}.new`, textWith(2));
  await rename(`${file}.new`, file);
  assert.deepEqual(await ask(), { hosts: hostsOn(2) });
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, ended);
});
