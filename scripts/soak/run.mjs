/** One soak, from its first socket to its verdict. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { checkLogs, checkPosts, checkStats, Results, readStats } from './checks.mjs';
import {
  addresses,
  createConfig,
  firstVariant,
  serviceCluster,
  serviceNode,
  tightCluster,
} from './config.mjs';
import { DnsServer } from './dns.mjs';
import { DownstreamLoad } from './downstream-load.mjs';
import { checkAttempts, checkInForce, checkMembers, readMembers } from './end-state.mjs';
import { Faults } from './faults.mjs';
import { Fleet, findPort } from './fleet.mjs';
import { hasBackOff } from './options.mjs';
import { Random } from './random.mjs';
import { Registry } from './registry.mjs';
import { formatMegabytes, printHeader, printProgress, printSummary } from './report.mjs';
import { SidecarChild } from './sidecar-child.mjs';

/** Load without faults, first and last: so that heaps are compared in the same state. */
const calmMs = 3000;
const progressMs = 5000;
/** Time for everything under way to end once nobody asks for more. */
const settleMs = 15_000;
/** The first part of the faults, behind which the heap is taken as what is to stay. */
const warmUpShare = 0.25;
/** How much more heap may be held at the end than after the first part. */
const maxGrowthBytes = 6 * 1024 * 1024;

/** Runs a soak and prints what comes of it. Resolves to whether everything held. */
export async function soak(options) {
  const run = new Soak(options);
  try {
    await run.start();
    await run.measureBefore();
    await run.disturb(options.minutes * 60_000 * (1 - warmUpShare));
    await run.finish();
  } catch (error) {
    run.problems.push(`the run broke off: ${error.stack}`);
  } finally {
    await run.close();
  }
  return printSummary(run);
}

class Soak {
  options;
  problems = [];
  results = new Results();
  faults;
  child;
  stats = new Map();
  heaps = [];
  #fleet;
  #registry;
  #dns;
  #load;
  #folder = mkdtempSync(join(tmpdir(), 'pillion-soak-'));
  #world;
  #adminUrl;
  /** Of the listener that comes and goes: what is discovered is bound where it says. */
  #extraPort;
  #doors = [];
  /** Of this process, with the clients and the hosts. */
  #stalls = monitorEventLoopDelay({ resolution: 20 });

  constructor(options) {
    this.options = options;
    const random = new Random(options.seed);
    this.random = random;
    this.#fleet = new Fleet(random.fork());
    this.#registry = new Registry(random.fork());
    this.#dns = new DnsServer(random.fork());
  }

  get answers() {
    return { registry: this.#registry.answers, dns: this.#dns.answers };
  }

  get hosts() {
    return this.#fleet.all;
  }

  async start() {
    // However the run ends. The process of the sidecar ends with this one.
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
    process.once('SIGINT', () => process.exit(130));
    printHeader(this.options);
    this.#stalls.enable();
    await Promise.all([this.#fleet.start(), this.#registry.start(), this.#dns.start()]);
    this.#extraPort = await findPort('127.0.2.1');
    this.#world = this.#createWorld();
    const { seed, rate, verbose } = this.options;
    const dist = resolve(this.options.dist);
    this.child = new SidecarChild({ seed, rate: rate / 2, verbose, dist });
    this.child.onResults = (results) => {
      for (const result of results) this.results.take(result);
    };
    this.child.onLog = (line) => console.log(`    ${line}`);
    const parts = {
      fleet: this.#fleet,
      registry: this.#registry,
      dns: this.#dns,
      world: this.#world,
      child: this.child,
    };
    const onEvent = (text) => this.options.verbose && console.log(`  ${text}`);
    this.faults = new Faults(parts, this.random.fork(), onEvent);
    this.faults.registerAll();
    await this.#startSidecar();
    const doors = () => this.#doors;
    const take = (result) => this.results.take(result);
    this.#load = new DownstreamLoad(doors, this.random.fork(), rate / 2, take);
  }

  /** The first part: faults too, and then the heap, when all is quiet. */
  async measureBefore() {
    await this.#startLoad();
    await wait(calmMs);
    await this.disturb(this.options.minutes * 60_000 * warmUpShare);
    await this.#calmDown();
    await this.#measureHeap('after a quarter');
    await this.#startLoad();
  }

  async disturb(ms) {
    const endMs = performance.now() + ms;
    this.faults.start();
    while (performance.now() < endMs && this.child.problems.length === 0) {
      await wait(Math.min(progressMs, Math.max(1, endMs - performance.now())));
      await this.#findDoors();
      await printProgress(this);
    }
  }

  async finish() {
    await this.#calmDown();
    await this.#measureHeap('at the end');
    this.#judgeHeap();
    this.stats = await readStats(this.#adminUrl);
    await this.child.ask('drain', { timeoutMs: 5000 });
    const leftovers = await this.child.ask('close');
    if (leftovers.length > 0) this.problems.push(`left after close: ${leftovers.join(', ')}`);
    await this.child.leave();
    const { logPaths } = this.#world;
    const { arrivals, attempts, posts } = this.#fleet;
    const stallMs = Math.max(this.heaps.at(-1).stallMs, this.#stalls.max / 1e6);
    const known = { arrivals, hasBackOff: hasBackOff(this.options), stallMs };
    this.problems.push(...(await checkLogs(logPaths, this.results, this.stats, known)));
    this.problems.push(...checkPosts(posts, this.results));
    this.problems.push(...checkAttempts(attempts, this.results));
  }

  get #updates() {
    return this.faults.counts.get('update') ?? 0;
  }

  /** What is open, closed or deleted, whatever came before. */
  async close() {
    this.child?.kill();
    this.#stalls.disable();
    await this.#fleet.close();
    this.#registry.close();
    this.#dns.close();
    this.problems.push(...(this.child?.problems ?? []), ...this.results.problems);
    this.problems.push(...(this.faults?.problems ?? []));
  }

  #createWorld() {
    const names = ['ingress', 'ingress_rds', 'egress', 'extra'];
    const urls = (hosts) => hosts.map(({ ip, port }) => `tcp://${ip}:${port}`);
    return {
      hostUrls: urls(this.#fleet.hosts),
      http2Urls: this.#fleet.hosts.map(({ ip, http2Port }) => `tcp://${ip}:${http2Port}`),
      steadyUrls: urls(this.#fleet.steadyHosts),
      appPort: this.#fleet.port,
      dnsPort: this.#dns.port,
      registryPort: this.#registry.port,
      extraAddress: `tcp://127.0.2.1:${this.#extraPort}`,
      logPaths: Object.fromEntries(names.map((name) => [name, join(this.#folder, `${name}.log`)])),
    };
  }

  async #startSidecar() {
    const listenOn = Object.values(addresses).map((address) => [address, 'tcp://127.0.0.1:0']);
    const { admin } = await this.child.ask('start', {
      config: createConfig(this.#world, firstVariant),
      serviceCluster,
      serviceNode,
      listenOn: Object.fromEntries(listenOn),
      outbound: { listeners: ['egress'] },
      breakers: { ring: { volumeThreshold: 5, resetTimeout: 1000, rollingCountTimeout: 2000 } },
      slowStart: { sds_checked: { windowMs: 2000 } },
    });
    if (!hasBackOff(this.options)) {
      const [key, value] = ['upstream.base_retry_backoff_ms', 0];
      await this.child.ask('setRuntime', { key, value });
    }
    this.#adminUrl = admin.replace('tcp:', 'http:');
    await this.#findDoors();
  }

  async #findDoors() {
    const listeners = await this.child.ask('listeners');
    this.#doors = listeners
      .filter(({ name }) => name !== 'egress')
      .map(({ name, address }) => {
        const { hostname, port } = new URL(address);
        return { name, host: hostname, port: Number(port) };
      });
  }

  async #startLoad() {
    await this.child.ask('startLoad');
    this.#load.start();
  }

  /** No faults, then no load, then nothing under way. */
  async #calmDown() {
    await this.faults.stop();
    await wait(calmMs);
    await Promise.all([this.#load.stop(), this.child.ask('stopLoad')]);
    await this.#checkPlaces();
    const endMs = performance.now() + settleMs;
    for (;;) {
      const problems = await this.#checkIdle();
      if (problems.length === 0) return;
      if (performance.now() > endMs) {
        this.problems.push(...problems.map((problem) => `${problem}, ${settleMs} ms later`));
        return;
      }
      await wait(200);
    }
  }

  /**
   * What places requests hold in circuit breakers is in no statistic. But a request that fails is
   * tried again as often as its route says only if they have given them back.
   */
  async #checkPlaces() {
    const id = await this.#load.fail(this.#findDoor('ingress'), tightCluster);
    const expected = this.faults.inForce.retries + 1;
    const count = this.#fleet.attempts.get(id) ?? 0;
    if (count !== expected) {
      const what = `request ${id}, which always fails, came to hosts ${count} times, not ${expected}`;
      this.problems.push(`cluster ${tightCluster}: ${what}, although nothing else is under way`);
    }
  }

  #findDoor(name) {
    return this.#doors.find((door) => door.name === name);
  }

  /** What is wrong with a sidecar that has nothing to do. Some of it takes a while to come right. */
  async #checkIdle() {
    const members = await readMembers(this.#adminUrl);
    const stats = await readStats(this.#adminUrl);
    const connections = await this.child.ask('connections');
    const connectionCount = connections && this.#fleet.countConnections(connections);
    return [
      ...checkStats(stats, this.#updates),
      ...checkMembers(members, stats, this.#world, connectionCount),
      ...checkInForce(stats, this.faults.inForce, this.results.revisions),
    ];
  }

  async #measureHeap(when) {
    const memory = await this.child.ask('memory', { isCollected: true });
    this.heaps.push({ when, ...memory });
    console.log(`heap ${when}: ${formatMegabytes(memory.heapUsed)}`);
  }

  #judgeHeap() {
    const [before, after] = this.heaps;
    for (const kind of ['heapUsed', 'arrayBuffers']) {
      const growth = after[kind] - before[kind];
      if (growth > maxGrowthBytes) {
        this.problems.push(`${kind} has grown by ${formatMegabytes(growth)}`);
      }
    }
  }
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
