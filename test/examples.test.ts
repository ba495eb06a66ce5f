import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startSdsServer } from '../lib/sds-server/sds-server.js';
import { Command } from './support/command.js';
import { Demo, examplePath, isRunning } from './support/demo.js';
import { eventually } from './support/eventually.js';
import { findFreePorts, isRefused } from './support/free-ports.js';
import { send } from './support/http-client.js';

const serviceName = 'flask-app-envoy-service.default.svc.cluster.local';
const otherHost = { headers: { host: 'bar.com' } };

test('the configurations of the examples are those of the original system, unchanged', () => {
  const hash = (path: string): string =>
    createHash('sha256')
      .update(readFileSync(examplePath(path)))
      .digest('hex');
  assert.equal(
    hash('flask-equivalent/envoy.json'),
    '5bfad1e254ff98cb352538a0a727839e70fb6c900c9aaa38a598910e874c5405',
  );
  assert.equal(
    hash('edge/envoy.json'),
    'fbee833210bb1111c802c6e248ce9a123214f2aade4b3a8a3ebdf6e826ab0b0c',
  );
});

test('demo: four replicas take turns behind the edge, and another host gets 404', async (t) => {
  const demo = await Demo.start(t);
  for (let i = 0; i < 4; i++) {
    const { status, text } = await send(demo.port);
    assert.deepEqual([status, text], [200, 'Hello, World!']);
  }
  const names = await demo.askForNames(8);
  assert.deepEqual(names.slice(4), names.slice(0, 4));
  assert.deepEqual(
    names.slice(0, 4).sort(),
    [1, 2, 3, 4].map((number) => `flask-app-${number}`),
  );
  const stranger = await send(demo.port, otherHost);
  assert.deepEqual([stranger.status, stranger.text], [404, '']);
  assert.equal(await demo.countRegistrations(), 4);
  const adminUrls = [...demo.command.stdout.matchAll(/admin (http:\S+\/)/g)];
  assert.equal(adminUrls.length, 4);
  for (const url of [demo.adminUrl, ...adminUrls.map(([, found = '']) => found)]) {
    assert.match(await demo.read(`${url}server_info`), /live/);
  }
  // One by proxy and one by mount, in turn.
  assert.equal(demo.command.stdout.match(/ proxy to port \d+ /g)?.length, 2);
  assert.equal(demo.command.stdout.match(/ mount, one socket /g)?.length, 2);
});

test('demo: scaling to six and back under load loses no request', async (t) => {
  const demo = await Demo.start(t);
  const load = demo.run('load 10');
  assert.match(await demo.run('scale 6'), /flask-app-6 [\s\S]*6 replicas/);
  await eventually('the edge knows six hosts', async () => (await demo.countEdgeHosts()) === 6);
  demo.command.type('scale 4');
  await demo.command.waitFor(/flask-app-5: ended/);
  await demo.command.waitFor(/flask-app-6: ended/);
  assert.equal(await demo.countEdgeHosts(), 4);
  const result = await load;
  assert.match(result, /^(\d{4,}|[1-9]\d\d) sent, 0 failed$/m);
  for (const number of [1, 2, 3, 4, 5, 6]) {
    assert.match(result, new RegExp(`^ {2}flask-app-${number}: [1-9]\\d*$`, 'm'));
  }
});

test('demo: a replica that is killed costs its turns until the edge has noticed', async (t) => {
  const demo = await Demo.start(t);
  const output = await demo.run('kill 2');
  assert.match(output, /flask-app-2: killed/);
  assert.match(demo.command.stdout, /flask-app-2: died \(SIGKILL\), deregistered/);
  await eventually('the edge knows three hosts', async () => (await demo.countEdgeHosts()) === 3);
  const names = await demo.askForNames(6);
  assert.deepEqual([...new Set(names)].sort(), ['flask-app-1', 'flask-app-3', 'flask-app-4']);
  await demo.run('scale 4');
  await eventually('the edge knows four hosts', async () => (await demo.countEdgeHosts()) === 4);
  assert.equal(new Set(await demo.askForNames(4)).size, 4);
});

test('demo: a replica that is stopped drains, and its number is free again', async (t) => {
  const demo = await Demo.start(t);
  const stopped = demo.run('stop 4');
  await eventually('it is deregistered', async () => (await demo.countRegistrations()) === 3);
  assert.match(await demo.run('status'), /^flask-app-4 .* leaving +not registered/m);
  assert.match(await stopped, /flask-app-4: out of the registrations, serves on for 3\.5 s/);
  assert.match(demo.command.stdout, /flask-app-4: ended/);
  const status = await demo.run('status');
  assert.match(status, /^flask-app-1 .* proxy +serving +registered +requests from the edge: \d+/m);
  assert.doesNotMatch(status, /flask-app-4/);
  assert.match(await demo.run('scale 4'), /^flask-app-4 /m);
});

test('demo: answers what it does not understand, and stays up without a terminal', async (t) => {
  const demo = await Demo.start(t);
  for (const line of ['frobnicate', 'scale', 'scale four', 'kill 1 2', 'load 0', 'status now']) {
    assert.match(await demo.run(line), /^what is .*\? Try help$/m, line);
  }
  assert.equal(await demo.run('kill 99'), 'there is no replica 99\n');
  assert.equal(await demo.run('scale 100'), '20 replicas are the most\n');
  assert.equal(await demo.run(''), '');
  assert.match(await demo.run('help'), /scale N/);
  demo.command.type('status');
  await demo.command.waitFor(/^flask-app-3 .* serving/m);
  demo.command.endInput();
  assert.equal(new Set(await demo.askForNames(4)).size, 4);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`demo: ${signal} ends everything at once, even a process that hangs`, async (t) => {
    const demo = await Demo.start(t);
    const { pids } = demo;
    assert.equal(pids.length, 4);
    process.kill(pids[1] ?? 0, 'SIGSTOP');
    const sentAt = performance.now();
    demo.command.kill(signal);
    assert.deepEqual(await demo.command.exited, { code: 0, signal: null });
    assert.ok(performance.now() - sentAt < 1000);
    assert.deepEqual(pids.filter(isRunning), []);
    assert.ok(await isRefused(demo.port));
    assert.ok(await isRefused(Number(new URL(demo.adminUrl).port)));
    assert.ok(await isRefused(Number(new URL(demo.sdsUrl).port)));
    assert.equal(existsSync(demo.directory), false);
  });
}

test('demo: nothing outlives it when it is killed', async (t) => {
  const demo = await Demo.start(t);
  t.after(() => rm(demo.directory, { recursive: true }));
  const { pids } = demo;
  demo.command.kill('SIGKILL');
  await eventually('every replica has ended', () => !pids.some(isRunning));
  await eventually('the edge has ended', () => isRefused(demo.port));
  const sdsPort = Number(new URL(demo.sdsUrl).port);
  await eventually('service discovery has ended', () => isRefused(sdsPort));
});

test('demo: takes another port when one is in use', async () => {
  // What the module exports; it is plain JavaScript.
  const { findFreePort } = (await import(pathToFileURL(examplePath('demo/ports.js')).href)) as {
    findFreePort(ip: string, preferred: number): Promise<number | undefined>;
  };
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has such an address.
  const { port } = server.address() as net.AddressInfo;
  const found = await findFreePort('127.0.0.1', port);
  assert.ok(found !== undefined && found !== port);
  await once(server.close(), 'close');
  assert.equal(await findFreePort('127.0.0.1', port), port);
  assert.equal(await findFreePort('192.0.2.1', 0), undefined);
});

interface Server {
  readonly command: Command;
  readonly port: number;
  readonly appPort: number;
  readonly adminPort: number;
}

/** Starts the application example and waits until it serves. */
async function startServer(t: TestContext, ...args: readonly string[]): Promise<Server> {
  const [port = 0, appPort = 0, adminPort = 0] = await findFreePorts(3);
  const command = Command.start(t, [
    ...[examplePath('flask-equivalent/server.js'), '--port', `${port}`],
    ...['--app-port', `${appPort}`, '--admin-port', `${adminPort}`, ...args],
  ]);
  await command.waitFor(/ serves on /);
  return { command, port, appPort, adminPort };
}

for (const mode of ['proxy', 'mount']) {
  test(`flask-equivalent, ${mode}: answers as the original and ends by SIGTERM`, async (t) => {
    const args = mode === 'mount' ? ['--mount'] : [];
    const { command, port, appPort } = await startServer(t, '--drain-delay-ms', '0', ...args);
    const hello = await send(port);
    assert.deepEqual([hello.status, hello.text], [200, 'Hello, World!']);
    const healthy = await send(port, { path: '/healthy_check' });
    const expected = `I am fine! <service_name: ${os.hostname()}, ip: 127.0.0.1>`;
    assert.deepEqual([healthy.status, healthy.text], [200, expected]);
    assert.equal((await send(port, { path: '/nowhere' })).status, 404);
    assert.equal((await send(port, otherHost)).status, 404);
    assert.equal(await isRefused(appPort), mode === 'mount');
    command.kill('SIGTERM');
    assert.deepEqual(await command.exited, { code: 0, signal: null });
  });
}

test('flask-equivalent: goes on serving after SIGTERM, asking callers to leave', async (t) => {
  const { command, port, adminPort } = await startServer(t, '--drain-delay-ms', '600000');
  command.kill('SIGTERM');
  await eventually('it says that it is draining', async () => {
    return (await send(adminPort, { path: '/server_info' })).text.includes('draining');
  });
  const { status, headers } = await send(port);
  assert.deepEqual([status, headers.connection], [200, 'close']);
  // Once more, and it ends at once.
  command.kill('SIGTERM');
  assert.deepEqual(await command.exited, { code: null, signal: 'SIGTERM' });
});

test('edge: finds the replicas by service discovery', async (t) => {
  const server = await startServer(t, '--mount');
  const directory = await mkdtemp(join(os.tmpdir(), 'pillion-edge-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'registrations.json');
  const hosts = [{ ip_address: '127.0.0.1', port: server.port }];
  await writeFile(file, JSON.stringify({ registrations: { [serviceName]: hosts } }));
  const sds = await startSdsServer({ listen: '127.0.0.1:0', file });
  t.after(() => sds.close());
  const [port = 0, adminPort] = await findFreePorts(2);
  const command = Command.start(t, [
    ...[examplePath('edge/edge.js'), '--listen', `127.0.0.1:${port}`],
    ...['--admin', `127.0.0.1:${adminPort}`, '--discovery', sds.address],
  ]);
  await command.waitFor(/the edge serves on /);
  const { status, text } = await send(port);
  assert.deepEqual([status, text], [200, 'Hello, World!']);
  assert.equal((await send(port, otherHost)).status, 404);
  command.kill('SIGINT');
  assert.deepEqual(await command.exited, { code: 0, signal: null });
});

test('filter: lets in who has a token, and tells the application who that is', async (t) => {
  const any = '127.0.0.1:0';
  const args = [examplePath('filter/server.js'), '--listen', any, '--admin', any];
  const server = Command.start(t, args, 'SIGTERM');
  await server.waitFor(/^listening on/m);
  const port = Number(/:(\d+)\/$/m.exec(server.stdout)?.[1]);
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<unknown[]> => {
    const { status, text } = await send(port, { path, headers });
    return [status, text];
  };
  assert.deepEqual(await ask('/'), [200, 'hello stranger\n']);
  assert.deepEqual(await ask('/private'), [401, 'give a token in x-token\n']);
  assert.deepEqual(await ask('/private', { 'x-token': 'guess' }), [
    401,
    'give a token in x-token\n',
  ]);
  assert.deepEqual(await ask('/private', { 'x-token': 's3cret' }), [200, 'hello ada\n']);
  // Nobody can say who they are.
  assert.deepEqual(await ask('/', { 'x-user': 'ada' }), [200, 'hello stranger\n']);
});
