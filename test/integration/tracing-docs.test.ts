import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { listener } from '../support/dynamic-proxy.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { projectRoot } from '../support/project-root.js';

const index = new URL('../../lib/index.js', import.meta.url).href;

/** What the application of the page is to do here: a call, and then its end. */
const deeds = `
const { body } = await sidecar.request('http://app/');
await body.text();
process.kill(process.pid, 'SIGTERM');
`;

test('the set-up that docs/tracing.md shows works as it stands there', async (t) => {
  const page = await readFile(join(projectRoot, 'docs', 'tracing.md'), 'utf8');
  const pieces = [...page.matchAll(/^```(js|sh)\n(.*?)^```/gms)];
  const [setUp, application] = pieces.filter(([, kind]) => kind === 'js').map(([, , text]) => text);
  const [, run] = pieces.filter(([, kind]) => kind === 'sh').map(([, , text]) => text?.trim());
  assert.ok(setUp && application && run);
  assert.match(setUp, /setGlobalTracerProvider/);

  const upstream = await FakeUpstream.start();
  // Where the packages of the project are found, as in an application that has installed them.
  const folder = await mkdtemp(join(fileURLToPath(new URL('.', import.meta.url)), 'docs-'));
  t.after(async () => {
    await rm(folder, { recursive: true });
    await upstream.close();
  });
  const config = {
    // It holds the process until it is told to end.
    listeners: [
      listener('edge', 'tcp://127.0.0.1:0', {
        clusters: [],
        virtualHosts: [virtualHost(['edge'], 'app')],
      }),
    ],
    admin: { access_log_path: '/dev/null', address: 'tcp://127.0.0.1:0' },
    cluster_manager: { clusters: [staticCluster('app', [upstream.url])] },
  };
  await writeFile(join(folder, 'envoy.json'), JSON.stringify(config));
  await writeFile(join(folder, 'tracing.mjs'), setUp);
  await writeFile(join(folder, 'app.mjs'), application.replace("'pillion'", `'${index}'`) + deeds);

  const [command, ...args] = run.split(' ');
  assert.equal(command, 'node');
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  assert.match(stdout, /'service.name': 'orders'/);
  assert.match(stdout, /name: 'egress app'/);
  const traceId = /traceId: '([\da-f]{32})'/.exec(stdout)?.[1];
  assert.match(`${upstream.requests[0]?.headers['traceparent']}`, new RegExp(`^00-${traceId}-`));
});
