import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { FakeUpstream } from '../support/fake-upstream.js';

const script = join(import.meta.dirname, '../support/outbound-script.js');

/** Runs the script against a host that is everything: discovery service, quick, slow, broken. */
async function run(
  t: TestContext,
  task: string,
): Promise<{ host: FakeUpstream; command: Command }> {
  const host = await FakeUpstream.start((request, response) => {
    switch (request.url) {
      case '/v1/registration/app-service':
        response.end(JSON.stringify({ hosts: [{ ip_address: '127.0.0.1', port: host.port }] }));
        break;
      case '/slow':
        request.resume();
        setTimeout(() => response.end('late'), 300);
        break;
      case '/slow-body':
        response.write('so ');
        setTimeout(() => response.end('late'), 300);
        break;
      case '/early': {
        response.write('early');
        let read = 0;
        request.on('data', (chunk: Buffer) => {
          read += chunk.length;
        });
        request.on('end', () => response.end(String(read)));
        break;
      }
      case '/large':
        response.on('error', () => {});
        response.end(Buffer.alloc(16 * 1024 * 1024));
        break;
      case '/cut':
        request.socket.destroy();
        break;
      case '/half':
        response.writeHead(200, { 'content-length': '10' });
        response.write('hello', () => response.destroy());
        break;
      default:
        request.resume();
        response.end('hello');
    }
  });
  t.after(() => host.close());
  const command = Command.start(t, [
    '--unhandled-rejections=strict',
    '--throw-deprecation',
    script,
    String(host.port),
    task,
  ]);
  return { host, command };
}

/** Runs the script to its end; returns what it has printed. */
async function finish(t: TestContext, task: string): Promise<string[]> {
  const { command } = await run(t, task);
  const status = await command.exited;
  assert.deepEqual(status, { code: 0, signal: null }, command.stderr);
  assert.equal(command.stderr, '');
  return command.stdout.trim().split('\n');
}

test('a script that is done exits by itself, discovery or not', async (t) => {
  assert.deepEqual(await finish(t, 'one'), ['200 hello', 'the end']);
});

test('a script that does nothing with its sidecar exits', async (t) => {
  assert.deepEqual(await finish(t, 'idle'), ['idle', 'the end']);
});

test('a script that waits for a slow answer does not exit early', async (t) => {
  assert.deepEqual(await finish(t, 'slow'), ['200 late', 'the end']);
});

test('a script that waits for a slow body does not exit early', async (t) => {
  assert.deepEqual(await finish(t, 'slow-body'), ['200 so late', 'the end']);
});

test('a script whose upload is under way does not exit early', async (t) => {
  const { host, command } = await run(t, 'slow-upload');
  assert.deepEqual(await command.exited, { code: 0, signal: null });
  const upload = host.requests.find((request) => request.url === '/early');
  assert.ok(upload?.complete, 'all of it has come');
});

test('a response that nobody reads does not keep a script from exiting', async (t) => {
  assert.deepEqual(await finish(t, 'unread'), ['200 unread', 'the end']);
});

test('no rejection is left unhandled, whatever goes wrong', async (t) => {
  assert.deepEqual(await finish(t, 'provoke'), [
    'failures SidecarError Error AbortError Error',
    'the end',
  ]);
});

test('a sidecar that is closed leaves nothing that holds the process', async (t) => {
  const [answer, left = '', end] = await finish(t, 'closed');
  assert.equal(answer, '200 hello');
  assert.equal(left, 'left: ');
  assert.equal(end, 'the end');
});
