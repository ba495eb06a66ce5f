/**
 * A program that is a proxy, or that streams bodies by itself, for tests of what memory that takes.
 * The first argument is the port of its host, the second is `proxy` or `client`. It reports the most
 * memory that it has ever had, in bytes, when its standard input ends.
 */
import { once } from 'node:events';
import { createSidecar } from '../../lib/index.js';
import {
  adminAddress,
  buildConfig,
  listenerAddress,
  staticCluster,
  virtualHost,
} from './config-builder.js';
import { portOf } from './test-sidecar.js';

const hostPort = Number(process.argv[2]);
const mode = String(process.argv[3]);
const bytes = Number(process.argv[4]);

const sidecar = await createSidecar({
  config: buildConfig({
    clusters: [staticCluster('app', [`tcp://127.0.0.1:${hostPort}`])],
    virtualHosts: [virtualHost(['*'], 'app')],
  }),
  listenOn: { [listenerAddress]: 'tcp://127.0.0.1:0', [adminAddress]: 'tcp://127.0.0.1:0' },
});

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Sends and receives by `sidecar.request`. */
async function stream(): Promise<void> {
  const piece = Buffer.alloc(1024 * 1024);
  const body = (async function* () {
    for (let sent = 0; sent < bytes; sent += piece.length) {
      yield piece;
    }
  })();
  const upload = await sidecar.request('http://app/upload', { method: 'POST', body });
  print(`uploaded ${await upload.body.text()}`);
  const download = await sidecar.request('http://app/download');
  let read = 0;
  for await (const chunk of download.body) {
    read += chunk.length;
  }
  print(`downloaded ${read}`);
}

if (mode === 'client') {
  await stream();
} else {
  print(`port ${portOf(sidecar.listeners[0]?.address)}`);
  process.stdin.resume();
  await once(process.stdin, 'end');
}
await sidecar.close();
// In kilobytes, whatever the system.
print(`peak ${process.resourceUsage().maxRSS * 1024}`);
