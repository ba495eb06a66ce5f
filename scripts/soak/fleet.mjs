/** The hosts of a soak: ten that everything happens to, and two that nothing does. */

import { createServer } from 'node:net';
import { namedCluster } from './config.mjs';
import { Host } from './host.mjs';
import { misbehaviors } from './misbehaviors.mjs';

const hostCount = 10;
const steadyCount = 2;
/** How long a host that stops may take for what is under way. */
const stopMs = 1500;

export class Fleet {
  hosts = [];
  steadyHosts = [];
  /** Requests that are acted on once at most: how often they were. */
  posts = new Map();
  /** For each cluster, how many requests have come to its hosts. */
  arrivals = new Map();
  /** The same for each request, by its id. */
  attempts = new Map();
  #random;
  #timers = new Set();

  constructor(random) {
    this.#random = random;
  }

  get port() {
    return this.hosts[0].port;
  }

  get all() {
    return [...this.hosts, ...this.steadyHosts];
  }

  /**
   * Of all connections of the sidecar, returns how many are to hosts, but for those of health checks,
   * which no statistic counts. A host may not have noticed the end of one.
   *
   * @param connections as `sidecar-process.mjs` lists them
   */
  countConnections(connections) {
    const addresses = new Set(this.all.flatMap((host) => host.addresses));
    const checks = new Set(this.all.flatMap((host) => host.checks));
    const isCounted = ({ peer, port }) => addresses.has(peer) && !checks.has(`${peer} ${port}`);
    return connections.filter(isCounted).length;
  }

  /**
   * Starts all hosts, those that things happen to on addresses of their own and one port: so a name
   * in DNS can stand for any of them.
   */
  async start() {
    const onPost = (id) => add(this.posts, id);
    const onArrival = ({ url, headers }) => {
      add(this.arrivals, /^\/(?:c|once)\/([^/]+)\//.exec(url)?.[1] ?? namedCluster);
      add(this.attempts, headers['x-soak-id']);
    };
    const create = (name, ip, port) =>
      new Host({ name, ip, port, random: this.#random.fork(), onPost, onArrival });
    for (let attempt = 0; attempt < 20 && this.hosts.length === 0; attempt += 1) {
      const port = await findPort('127.0.1.1');
      const hosts = Array.from({ length: hostCount }, (_, i) =>
        create(`host-${i}`, `127.0.1.${i + 1}`, port),
      );
      const started = await Promise.all(hosts.map((host) => host.start()));
      if (started.every(Boolean)) this.hosts = hosts;
      else for (const host of hosts) host.kill();
    }
    if (this.hosts.length === 0) throw new Error('127.0.1.1 to 127.0.1.10 have no port in common');
    this.steadyHosts = Array.from({ length: steadyCount }, (_, i) =>
      create(`steady-${i}`, '127.0.0.1', 0),
    );
    for (const host of this.steadyHosts) await host.start();
  }

  /** One thing that happens to one host or to all; returns what it is. */
  disturb() {
    const event = this.#random.pickWeighted({ mode: 55, kill: 20, stop: 20, blackout: 1 });
    const host = this.#random.pick(this.hosts);
    if (event === 'blackout') return this.#blackOut();
    if (event === 'mode') return this.#misbehave(host);
    if (host.state !== 'up') return this.#revive(host);
    const downMs = this.#random.integer(200, 3000);
    if (event === 'kill') host.kill();
    else host.stop(stopMs);
    this.#later(downMs, () => this.#revive(host));
    return `${event} ${host.name} for ${downMs} ms`;
  }

  /** Everybody is well again, and stays so. */
  async heal() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const host of this.hosts) {
      host.heal();
      for (let attempt = 0; attempt < 100 && host.state !== 'up'; attempt += 1) {
        if (host.state === 'down') await host.start();
        if (host.state !== 'up') await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async close() {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const host of this.all) host.kill();
  }

  #misbehave(host) {
    const mode = this.#random.pick(Object.keys(misbehaviors));
    const ms = this.#random.integer(200, 3000);
    host.mode = mode;
    this.#later(ms, () => {
      if (host.mode === mode) host.mode = 'well';
    });
    return `${host.name} is ${mode} for ${ms} ms`;
  }

  #blackOut() {
    for (const host of this.hosts) {
      host.kill();
      this.#later(1000, () => this.#revive(host));
    }
    return 'all hosts are dead for 1000 ms';
  }

  #revive(host) {
    if (host.state === 'down') host.start();
    return `${host.name} comes back`;
  }

  #later(ms, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Returns a port of an address that nobody listens on, for now. */
export async function findPort(ip) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, ip, resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function add(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}
