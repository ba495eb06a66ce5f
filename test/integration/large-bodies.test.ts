import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { FakeUpstream } from '../support/fake-upstream.js';

const totalBytes = 2 * 1024 * 1024 * 1024;
/** What a process may have resident at most while it passes that on. */
const maxResidentBytes = 200 * 1024 * 1024;
const piece = Buffer.alloc(1024 * 1024, 'x');
const script = join(import.meta.dirname, '../support/large-bodies-script.js');

interface Writer {
  write(chunk: Buffer): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** Writes pieces until there are enough, at the pace of the reader. */
async function writeAll(writer: Writer, bytes: number): Promise<void> {
  for (let written = 0; written < bytes; written += piece.length) {
    if (!writer.write(piece)) {
      await new Promise<void>((resolve) => {
        writer.once('drain', resolve);
      });
    }
  }
}

/** Counts an upload, or sends as much as is asked for. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/download') {
    response.setHeader('content-length', String(totalBytes));
    void writeAll(response, totalBytes).then(() => response.end());
    return;
  }
  let read = 0;
  request.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  request.on('end', () => response.end(String(read)));
}

async function start(t: TestContext, mode: 'proxy' | 'client'): Promise<Command> {
  const host = await FakeUpstream.start(serve);
  t.after(() => host.close());
  return Command.start(t, [script, String(host.port), mode, String(totalBytes)]);
}

/** Ends the program, and fails if it has ever had too much memory. */
async function assertLittleMemory(t: TestContext, command: Command): Promise<void> {
  command.endInput();
  const [, text = ''] = await command.waitFor(/^peak (\d+)$/m);
  await command.exited;
  const peak = Number(text);
  t.diagnostic(`peak resident size ${Math.round(peak / 1024 / 1024)} MB`);
  assert.ok(peak < maxResidentBytes, `${peak} bytes`);
}

test('2 GB up and 2 GB down through a proxy take it less than 200 MB', async (t) => {
  const proxy = await start(t, 'proxy');
  const [, port] = await proxy.waitFor(/^port (\d+)$/m);

  const upload = connect(Number(port), '127.0.0.1');
  upload.write(
    `POST /upload HTTP/1.1\r\nhost: foo.com\r\ncontent-length: ${totalBytes}\r\n` +
      'connection: close\r\n\r\n',
  );
  let answer = '';
  upload.on('data', (chunk) => {
    answer += chunk.toString('latin1');
  });
  await writeAll(upload, totalBytes);
  await once(upload, 'end');
  assert.match(answer, new RegExp(`^HTTP/1\\.1 200 [^]*\r\n\r\n${totalBytes}$`));

  const download = connect(Number(port), '127.0.0.1');
  download.write('GET /download HTTP/1.1\r\nhost: foo.com\r\nconnection: close\r\n\r\n');
  let read = 0;
  let head = '';
  download.on('data', (chunk) => {
    read += chunk.length;
    head ||= chunk.toString('latin1', 0, chunk.indexOf('\r\n\r\n') + 4);
  });
  await once(download, 'end');
  assert.equal(read - head.length, totalBytes);
  upload.destroy();
  download.destroy();
  await assertLittleMemory(t, proxy);
});

test('2 GB up and 2 GB down by sidecar.request take less than 200 MB', async (t) => {
  const client = await start(t, 'client');
  await client.waitFor(new RegExp(`^uploaded ${totalBytes}$`, 'm'));
  await client.waitFor(new RegExp(`^downloaded ${totalBytes}$`, 'm'));
  await assertLittleMemory(t, client);
});
