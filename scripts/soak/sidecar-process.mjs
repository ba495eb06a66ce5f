/**
 * The process of the sidecar under test. Its parent asks by messages; what goes wrong here shows by
 * how it ends, and by what it prints.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { OutboundLoad } from './outbound-load.mjs';
import { Random } from './random.mjs';
import { watchTimers } from './timers.mjs';

// Before the sidecar is loaded, which may take the functions with it.
const countTimers = watchTimers();
const settings = JSON.parse(process.argv[2]);
const { createSidecar } = await import(pathToFileURL(join(settings.dist, 'lib/index.js')).href);

/** Time in which everything has to be gone once the sidecar is closed. */
const cleanUpMs = 5000;
const stalls = monitorEventLoopDelay({ resolution: 20 });
/** What there is before there is a sidecar. */
let before;
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

/** What keeps this process alive, by kind, and the sockets and timers that it holds at all. */
function countResources() {
  const counts = { sockets: countSockets(), timers: countTimers() };
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function countSockets() {
  return findSocketInodes().length;
}

/** Numbers of the sockets of this process. */
function findSocketInodes() {
  try {
    const folder = '/proc/self/fd';
    const links = readdirSync(folder).map((fd) => readLink(join(folder, fd)));
    return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  } catch {
    // Only Linux shows them.
    return [];
  }
}

function readLink(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The IPv4 connections of this process, by our port and the address of the peer. */
function listConnections() {
  const own = new Set(findSocketInodes());
  if (own.size === 0) return undefined;
  const rows = readFileSync('/proc/self/net/tcp', 'utf8').split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((cells) => own.has(cells[9]))
    .map(([, local, remote]) => ({ port: Number(`0x${local.slice(9)}`), peer: decode(remote) }));
}

/** `0101007F:1F90` is 127.0.1.1:8080. */
function decode(address) {
  const ip = Buffer.from(address.slice(0, 8), 'hex').reverse().join('.');
  return `${ip}:${Number(`0x${address.slice(9)}`)}`;
}

/** Resources that were not there at first, as `kind +count`. */
function findLeftovers() {
  return Object.entries(countResources())
    .filter(([kind, count]) => count > (before[kind] ?? 0))
    .map(([kind, count]) => `${kind} +${count - (before[kind] ?? 0)}`);
}

async function findLeftoversAtLast() {
  const endMs = performance.now() + cleanUpMs;
  while (findLeftovers().length > 0 && performance.now() < endMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return findLeftovers();
}

function log(level) {
  return (message) => {
    if (/internal error/.test(message)) tell({ internalError: message });
    else if (settings.verbose) tell({ log: `${level} ${message}` });
  };
}

const logger = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, log(level)]),
);

const questions = {
  async start(options) {
    // They count once they have been used, by whomever.
    for (const stream of [process.stdout, process.stderr]) stream.write('');
    before = countResources();
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
    return findLeftoversAtLast();
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
