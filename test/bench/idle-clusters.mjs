/** The process of the idle bench that holds the clusters. */

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ownCpuMicros, serve, settings } from './child.mjs';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const load = (file) => import(pathToFileURL(join(resolve(settings.dist), 'lib', file)).href);
const { startSidecar } = await load('sidecar.js');
const { systemClock } = await load('base/clock.js');
const { systemRandom } = await load('base/random.js');

/** The machine's clock, which also knows how many timers are running. */
class CountingClock {
  running = 0;

  now() {
    return systemClock.now();
  }

  wallNow() {
    return systemClock.wallNow();
  }

  startTimer(delayMs, callback) {
    let isRunning = true;
    const end = () => {
      this.running -= isRunning ? 1 : 0;
      isRunning = false;
    };
    this.running += 1;
    const timer = systemClock.startTimer(delayMs, () => {
      end();
      callback();
    });
    return {
      cancel() {
        end();
        timer.cancel();
      },
    };
  }
}

const clock = new CountingClock();
const listen = 'tcp://127.0.0.1:8001';
const healthCheck = {
  type: 'http',
  path: '/',
  timeout_ms: 1000,
  interval_ms: 10_000,
  // So that a thousand clusters that begin at once do not stay together.
  interval_jitter_ms: 2000,
  unhealthy_threshold: 3,
  healthy_threshold: 1,
};

let sidecar;
let heapBefore = 0;

function createConfig(count, { isChecked }) {
  const base = { connect_timeout_ms: 1000, lb_type: 'round_robin' };
  const clusters = Array.from({ length: count }, (_, i) => ({
    ...base,
    name: `cluster-${i}`,
    type: 'sds',
    service_name: `service-${i}.default.svc.cluster.local`,
    ...(isChecked ? { health_check: healthCheck } : {}),
  }));
  const registry = {
    ...base,
    name: 'registry',
    type: 'static',
    hosts: [{ url: `tcp://127.0.0.1:${settings.registryPort}` }],
  };
  return {
    listeners: [],
    admin: { access_log_path: '/dev/null', address: listen },
    cluster_manager: { clusters, sds: { cluster: registry, refresh_delay_ms: 30_000 } },
  };
}

function heapBytes() {
  for (let i = 0; i < 3; i += 1) collectGarbage();
  return process.memoryUsage().heapUsed;
}

const questions = {
  /** Starts a sidecar in the place of the last; answers how much heap it takes. */
  async start({ count, breakers, ...parts }) {
    await sidecar?.close();
    sidecar = undefined;
    heapBefore = heapBytes();
    const options = {
      config: createConfig(count, parts),
      listenOn: { [listen]: 'tcp://127.0.0.1:0' },
      ...(breakers && { breakers: { '*': breakers } }),
    };
    sidecar = await startSidecar(options, { clock, random: systemRandom });
    return heapBytes() - heapBefore;
  },
  /** One request to each cluster, so that none of them is without traffic any more. */
  async touch({ count }) {
    for (let i = 0; i < count; i += 1) {
      const { statusCode, body } = await sidecar.request(`http://cluster-${i}/`);
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`cluster-${i} answered ${statusCode}: ${text}`);
    }
  },
  /** The heap beyond what there was before this sidecar. */
  heap: () => heapBytes() - heapBefore,
  cpuMicros: ownCpuMicros,
  timers: () => clock.running,
  async stats({ pattern }) {
    const url = `${sidecar.admin.address.replace('tcp:', 'http:')}/stats?filter=${pattern}`;
    const lines = (await (await fetch(url)).text()).split('\n');
    return lines.reduce((sum, line) => sum + Number(line.split(': ')[1] ?? 0), 0);
  },
};

serve({}, questions);
