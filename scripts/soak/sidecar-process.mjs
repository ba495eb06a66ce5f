/**
 * The process of the sidecar under test. Its parent asks by messages; what goes wrong here shows by
 * how it ends, and by what it prints.
 */

import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { OutboundLoad } from './outbound-load.mjs';
import { answer, createLogger, tell, watchProcess } from './parent-link.mjs';
import { Random } from './random.mjs';
import { listConnections, Resources } from './resources.mjs';
import { watchTimers } from './timers.mjs';

// Before the sidecar is loaded, which may take the functions with it.
const resources = new Resources(watchTimers());
const settings = JSON.parse(process.argv[2]);
const { createSidecar } = await import(pathToFileURL(join(settings.dist, 'lib/index.js')).href);

const stalls = monitorEventLoopDelay({ resolution: 20 });
let sidecar;
let load;

watchProcess();

const logger = createLogger(settings.verbose);

answer({
  async start(options) {
    resources.note();
    stalls.enable();
    sidecar = await createSidecar({ ...options, logger });
    load = new OutboundLoad(sidecar, new Random(settings.seed), settings, (results) =>
      tell({ results }),
    );
    return { listeners: sidecar.listeners, admin: sidecar.admin.address };
  },
  startLoad: () => load.start(),
  stopLoad: () => load.stop(),
  async update(config) {
    try {
      await sidecar.update(config);
      return { isTaken: true };
    } catch (error) {
      return { isTaken: false, code: error.code, message: error.message };
    }
  },
  setRuntime({ key, value }) {
    sidecar.runtime.set(key, value);
  },
  listeners: () => sidecar.listeners,
  connections: listConnections,
  memory({ isCollected }) {
    if (isCollected) for (let i = 0; i < 3; i += 1) globalThis.gc();
    const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
    return { heapUsed, rss, external, arrayBuffers, stallMs: stalls.max / 1e6 };
  },
  drain: (options) => sidecar.drain(options),
  async close() {
    stalls.disable();
    await sidecar.close();
    return resources.findLeftoversAtLast();
  },
});
