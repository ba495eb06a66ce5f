/** What an installed sidecar and the copies of undici that an application has make of each other. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const script = join(import.meta.dirname, '..', 'support', 'install-process.mjs');
const [major] = process.versions.node.split('.').map(Number);

/** Answers with what it was asked. */
async function startHost(t) {
  const server = createServer(async (request, response) => {
    response.end(JSON.stringify({ rawHeaders: request.rawHeaders, body: await text(request) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server.address().port;
}

for (const name of ['undici6', 'undici7', 'undici8']) {
  const skip = name === 'undici8' && major < 22 ? 'undici 8 needs Node.js 22' : false;
  for (const moment of ['early', 'late']) {
    const when = moment === 'early' ? 'before' : 'after';
    test(`${name}, loaded ${when} the sidecar is installed`, {
      skip,
      timeout: 60_000,
    }, async (t) => {
      const port = await startHost(t);
      const args = ['--unhandled-rejections=strict', '--throw-deprecation', script];
      const child = spawn(process.execPath, [...args, name, moment, String(port)]);
      t.after(() => child.kill('SIGKILL'));
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      assert.equal(stderr, '');
      assert.equal(stdout, 'done\n');
      assert.equal(child.exitCode, 0);
    });
  }
}
