/**
 * The process of the sidecar under test, and of the application that calls. Its parent asks by
 * messages; what goes wrong here shows by how it ends, and by what it prints.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Resources } from '../soak/resources.mjs';
import { watchTimers } from '../soak/timers.mjs';

// Before the sidecar is loaded, which may take the functions with it.
const resources = new Resources(watchTimers());
const settings = JSON.parse(process.argv[2]);
const { createSidecar } = await import(pathToFileURL(join(settings.dist, 'lib/index.js')).href);
const { Load } = await import('./load.mjs');

let sidecar;
let load;

function tell(message) {
  // The parent may have gone; then this process has nobody to tell, and ends.
  if (process.connected) process.send(message);
}

/** A parent that is gone asks for nothing more. */
function onOrphaned() {
  process.exit(1);
}

process.on('disconnect', onOrphaned);
process.on('warning', (warning) => tell({ warning: warning.stack ?? String(warning) }));
process.on('unhandledRejection', (reason) =>
  tell({ rejection: reason instanceof Error ? reason.stack : String(reason) }),
);

function log(message) {
  if (/internal error/.test(message)) tell({ internalError: message });
}

const logger = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, log]),
);

const questions = {
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
  /** Nothing holds this process any more but itself: it has to end. */
  leave() {
    process.off('disconnect', onOrphaned);
    setImmediate(() => process.disconnect());
  },
};

process.on('message', async ({ id, question, input }) => {
  try {
    tell({ id, answer: await questions[question](input) });
  } catch (error) {
    tell({ id, failure: error.stack ?? String(error) });
  }
});
