import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Command } from './command.js';
import { FakeUpstream } from './fake-upstream.js';

/**
 * Runs a task of a script of this folder in a process of its own, whose globals it may change, and
 * fails unless the process ends by itself, with nothing left unhandled. Its host answers with what it
 * was asked.
 */
export async function runInstallTask(
  t: TestContext,
  script: string,
  task: string,
  nodeArgs: readonly string[] = [],
): Promise<void> {
  const host = await FakeUpstream.start((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, rawHeaders, socket } = request;
      const body = Buffer.concat(chunks).toString('latin1');
      const connection = socket.remotePort;
      response.end(JSON.stringify({ method, url, rawHeaders, body, connection }));
    });
  });
  t.after(() => host.close());
  const command = Command.start(t, [
    '--unhandled-rejections=strict',
    '--throw-deprecation',
    ...nodeArgs,
    join(import.meta.dirname, `${script}.js`),
    String(host.port),
    task,
  ]);
  const status = await command.exited;
  assert.deepEqual(status, { code: 0, signal: null }, command.stderr);
  assert.equal(command.stderr, '');
  assert.equal(command.stdout, `${task} is done\n`);
}
