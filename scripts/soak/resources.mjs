/** What a process holds: sockets, timers, and whatever keeps it alive. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Time in which everything has to be gone. */
const cleanUpMs = 5000;

/** Compares what this process holds with what it held before. */
export class Resources {
  #countTimers;
  #before = {};

  /** `countTimers`: of `watchTimers`, called before anything else is loaded. */
  constructor(countTimers) {
    this.#countTimers = countTimers;
  }

  /** What there is now is not to count. */
  note() {
    // They count once they have been used, by whomever.
    for (const stream of [process.stdout, process.stderr]) stream.write('');
    this.#before = this.#count();
  }

  /** Resources that were not there at first, as `kind +count`, once they have had time to go. */
  async findLeftoversAtLast() {
    const endMs = performance.now() + cleanUpMs;
    while (this.#findLeftovers().length > 0 && performance.now() < endMs) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.#findLeftovers();
  }

  #findLeftovers() {
    return Object.entries(this.#count())
      .filter(([kind, count]) => count > (this.#before[kind] ?? 0))
      .map(([kind, count]) => `${kind} +${count - (this.#before[kind] ?? 0)}`);
  }

  /** What keeps this process alive, by kind, and the sockets and timers that it holds at all. */
  #count() {
    const counts = { sockets: findSocketInodes().length, timers: this.#countTimers() };
    for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }
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
export function listConnections() {
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
