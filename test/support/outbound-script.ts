/**
 * A program whose only work are outbound calls, for tests of when it ends and of what it leaves
 * unhandled. The first argument is the port of its host, which also plays the discovery service;
 * the second says what it does. It prints what it has seen and ends by itself.
 */
import { createSidecar } from '../../lib/index.js';
import type { Sidecar } from '../../lib/sidecar.js';
import { adminAddress } from './config-builder.js';

const port = Number(process.argv[2]);
const task = String(process.argv[3]);

const cluster = { connect_timeout_ms: 5000, lb_type: 'round_robin' };
const host = { url: `tcp://127.0.0.1:${port}` };

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Clients only: no listener, but discovery that asks again every few milliseconds. */
function start(): Promise<Sidecar> {
  return createSidecar({
    config: {
      listeners: [],
      admin: { access_log_path: '/dev/null', address: adminAddress },
      cluster_manager: {
        clusters: [{ ...cluster, name: 'app', type: 'sds', service_name: 'app-service' }],
        sds: {
          cluster: { ...cluster, name: 'discovery', type: 'static', hosts: [host] },
          refresh_delay_ms: 5,
        },
      },
    },
    listenOn: { [adminAddress]: 'tcp://127.0.0.1:0' },
  });
}

async function get(sidecar: Sidecar, path: string): Promise<string> {
  const response = await sidecar.request(`http://app/${path}`);
  return `${response.statusCode} ${await response.body.text()}`;
}

/** Everything that may reject, with nobody who listens where nobody has to. */
async function provoke(sidecar: Sidecar): Promise<void> {
  const failures: string[] = [];
  const note = (error: unknown): void => {
    failures.push(error instanceof Error ? error.name : String(error));
  };
  const controller = new AbortController();
  await sidecar.request('http://app/cut').catch(note);
  // A response that breaks off, of which nobody reads the body.
  await sidecar.request('http://app/half').catch(note);
  await sidecar.request('not a url').catch(note);
  const body = (async function* () {
    yield 'some';
    throw new Error('out of ink');
  })();
  await sidecar.request('http://app/', { method: 'POST', body }).catch(note);
  const endless = (async function* () {
    try {
      for (;;) {
        yield 'more';
        await new Promise(setImmediate);
      }
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: that is what is provoked
      throw new Error('while it is released');
    }
  })();
  const { signal } = controller;
  const aborted = sidecar.request('http://app/slow', { method: 'POST', body: endless, signal });
  setTimeout(() => controller.abort(), 20);
  await aborted.catch(note);
  const unread = await sidecar.request('http://app/large');
  unread.body.dump();
  await sidecar.request(`http://127.0.0.1:1/`).catch(note);
  await new Promise((resolve) => setTimeout(resolve, 50));
  print(`failures ${failures.join(' ')}`);
}

const sidecar = await start();
switch (task) {
  case 'one':
    print(await get(sidecar, ''));
    break;
  case 'slow':
    print(await get(sidecar, 'slow'));
    break;
  case 'slow-body':
    print(await get(sidecar, 'slow-body'));
    break;
  case 'slow-upload': {
    const body = (async function* () {
      for (let i = 0; i < 3; i++) {
        yield Buffer.alloc(4 * 1024 * 1024);
      }
    })();
    // Nobody waits for the response but the upload itself goes on.
    void sidecar.request('http://app/early', { method: 'POST', body });
    break;
  }
  case 'unread': {
    const response = await sidecar.request('http://app/large');
    print(`${response.statusCode} unread`);
    break;
  }
  case 'idle':
    print('idle');
    break;
  case 'provoke':
    await provoke(sidecar);
    break;
  case 'closed':
    print(await get(sidecar, ''));
    await sidecar.close();
    print(`left: ${process.getActiveResourcesInfo().filter((kind) => !/^(TTY|Pipe)/.test(kind))}`);
    break;
}
process.on('exit', () => print('the end'));
