/**
 * The process of the sidecar under test, and of the application that calls. Its parent asks by
 * messages; what goes wrong here shows by how it ends, and by what it prints.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer, createLogger, watchProcess } from '../soak/parent-link.mjs';
import { Resources } from '../soak/resources.mjs';
import { watchTimers } from '../soak/timers.mjs';

// Before the sidecar is loaded, which may take the functions with it.
const resources = new Resources(watchTimers());
const settings = JSON.parse(process.argv[2]);
const { createSidecar } = await import(pathToFileURL(join(settings.dist, 'lib/index.js')).href);
const { Load } = await import('./load.mjs');

let sidecar;
let load;

watchProcess();

const logger = createLogger(false);

answer({
  async start(options) {
    resources.note();
    sidecar = await createSidecar({ ...options, logger });
    // Then no call can be given up between two attempts, and their number is known.
    sidecar.runtime.set('upstream.base_retry_backoff_ms', 0);
    load = new Load(sidecar, settings);
    return { admin: sidecar.admin.address };
  },
  run: ({ from, to }) => load.run(from, to),
  results: () => load.results,
  problems: () => load.problems,
  openUploads: () => load.openUploads,
  memory({ isCollected }) {
    if (isCollected) for (let i = 0; i < 3; i += 1) globalThis.gc();
    const { heapUsed, rss, arrayBuffers } = process.memoryUsage();
    return { heapUsed, rss, arrayBuffers };
  },
  async close() {
    await sidecar.close();
    return resources.findLeftoversAtLast();
  },
});
