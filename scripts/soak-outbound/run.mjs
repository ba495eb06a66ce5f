/** One soak, from its first socket to its verdict. */

import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { readStats } from '../soak/checks.mjs';
import { formatMegabytes } from '../soak/report.mjs';
import { SidecarChild } from '../soak/sidecar-child.mjs';
import { createOptions } from './config.mjs';
import { Host, Ledger } from './host.mjs';
import { judgeCalls, judgeStats, Outcomes } from './verdict.mjs';

const hostCount = 3;
/** The part of the calls behind which the heap is taken as what is to stay. */
const warmUpShare = 0.2;
/** How much more heap may be held at the end than after that part. */
const maxGrowthBytes = 6 * 1024 * 1024;
/** So many calls are asked for at a time, and then it is said how far it is. */
const sliceSize = 10_000;
/** How long a slice may take, on a machine with other work. Calls that hang are found much sooner. */
const sliceMs = 900_000;
/** Time for everything under way to end once nobody asks for more. */
const settleMs = 10_000;
const maxPrintedProblems = 40;

/** Runs a soak and prints what comes of it. Resolves to whether everything held. */
export async function soakOutbound(options) {
  const run = new Run(options);
  process.once('SIGINT', () => process.exit(130));
  try {
    await run.start();
    await run.makeCalls();
    await run.finish();
  } catch (error) {
    run.problems.push(`the run broke off: ${error.stack}`);
  } finally {
    run.close();
  }
  return run.printProblems();
}

class Run {
  problems = [];
  #options;
  #ledger;
  #hosts;
  #child;
  #adminUrl;
  #heaps = [];
  #startMs = performance.now();

  constructor(options) {
    this.#options = options;
    this.#ledger = new Ledger(options.requests);
    this.#hosts = Array.from({ length: hostCount }, () => new Host(options.seed, this.#ledger));
  }

  async start() {
    const { requests, concurrency, seed } = this.#options;
    console.log(`outbound soak: ${requests} calls, ${concurrency} at a time, --seed ${seed}`);
    console.log(`Node.js ${process.version}, process ${process.pid}`);
    await Promise.all(this.#hosts.map((host) => host.listen()));
    const dist = resolve(this.#options.dist);
    const script = join(import.meta.dirname, 'sidecar-process.mjs');
    this.#child = new SidecarChild({ requests, concurrency, seed, dist }, script);
    const urls = this.#hosts.map(({ url }) => url);
    const deadUrls = await Promise.all([findDeadUrl(), findDeadUrl()]);
    const { admin } = await this.#child.ask('start', createOptions(urls, deadUrls));
    this.#adminUrl = admin.replace('tcp:', 'http:');
  }

  async makeCalls() {
    const { requests } = this.#options;
    const warmUp = Math.ceil(requests * warmUpShare);
    await this.#makeCalls(1, warmUp);
    await this.#measureHeap(`after ${warmUp} calls`);
    await this.#makeCalls(warmUp + 1, requests);
    await this.#measureHeap('at the end');
    const [before, after] = this.#heaps;
    for (const kind of ['heapUsed', 'arrayBuffers']) {
      const growth = after[kind] - before[kind];
      if (growth > maxGrowthBytes) {
        this.problems.push(`${kind} has grown by ${formatMegabytes(growth)}`);
      }
    }
  }

  async #makeCalls(first, last) {
    for (let from = first; from <= last; from += sliceSize) {
      const to = Math.min(last, from + sliceSize - 1);
      await this.#child.ask('run', { from, to }, sliceMs);
      await this.#printProgress(to);
      if (this.#child.problems.length > 0) throw new Error('the process of the sidecar is unwell');
    }
  }

  /** Nothing is under way any more: everything has to add up, and to go. */
  async finish() {
    const child = this.#child;
    const outcomes = new Outcomes(await child.ask('results'));
    this.problems.push(...(await child.ask('problems')), ...this.#ledger.problems.slice(0, 100));
    const { problems, tally, totals } = judgeCalls(this.#options, outcomes, this.#ledger);
    this.problems.push(...problems);
    this.problems.push(...(await this.#settle(totals)));
    const leftovers = await child.ask('close');
    if (leftovers.length > 0) this.problems.push(`left after close: ${leftovers.join(', ')}`);
    await child.leave();
    this.#print(tally, totals);
  }

  /** Some of it takes a while to come right. Returns what does not. */
  async #settle(totals) {
    const endMs = performance.now() + settleMs;
    for (;;) {
      const stats = await readStats(this.#adminUrl);
      const problems = judgeStats(stats, this.#options, totals, this.#ledger);
      const openUploads = await this.#child.ask('openUploads');
      problems.push(...openUploads.map((call) => `${call}: its request body was not released`));
      if (problems.length === 0 || performance.now() > endMs) {
        this.#stats = stats;
        return problems;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #stats = new Map();

  /** What is open is closed, whatever came before. */
  close() {
    this.#child?.kill();
    for (const host of this.#hosts) host.close();
    this.problems.push(...(this.#child?.problems ?? []));
  }

  async #measureHeap(when) {
    const memory = await this.#child.ask('memory', { isCollected: true });
    this.#heaps.push(memory);
    const [heap, buffers, rss] = [memory.heapUsed, memory.arrayBuffers, memory.rss].map(
      formatMegabytes,
    );
    console.log(`heap ${when}: ${heap}, buffers ${buffers}, whole process ${rss}`);
  }

  async #printProgress(calls) {
    const { rss, heapUsed } = await this.#child.ask('memory', { isCollected: false });
    const problems = await this.#child.ask('problems');
    const cells = [
      `${this.#seconds} s`.padStart(7),
      `${calls} calls`,
      `${this.#ledger.arrivalCount} arrivals`,
      `rss ${formatMegabytes(rss)}`,
      `heap ${formatMegabytes(heapUsed)}`,
      `${problems.length + this.#child.problems.length + this.#ledger.problems.length} problems`,
    ];
    console.log(cells.join('  '));
  }

  get #seconds() {
    return ((performance.now() - this.#startMs) / 1000).toFixed(0);
  }

  #print(tally, totals) {
    printTable('calls by door, end and status', tally);
    printTable('arrivals at hosts by what became of them', this.#ledger.faults);
    const counted = [
      'upstream_rq_retry',
      'upstream_rq_reused_cx_resend',
      'upstream_cx_total',
      // Of a machine that is far too busy: then calls fail that must not.
      'upstream_cx_connect_timeout',
      'upstream_rq_timeout',
    ];
    const sums = new Map(counted.map((name) => [name, sumOf(this.#stats, name)]));
    printTable('counted by the sidecar', sums);
    console.log(`\n${totals.stale} calls met nothing but dead connections`);
    console.log(`${totals.repeatedPosts} POSTs came more than once, by a policy that says so`);
    console.log(`${this.#options.requests} calls in ${this.#seconds} s`);
  }

  /** Returns whether there were none. */
  printProblems() {
    const { problems } = this;
    if (problems.length === 0) {
      console.log('\nEverything held.');
      return true;
    }
    console.log(`\n${problems.length} problems; repeat them with --seed ${this.#options.seed}:`);
    for (const problem of problems.slice(0, maxPrintedProblems)) console.log(`  ${problem}`);
    if (problems.length > maxPrintedProblems) console.log('  ...');
    return false;
  }
}

/** An address at which nobody listens: that of a server that has been closed. */
function findDeadUrl() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(`tcp://127.0.0.1:${port}`));
    });
  });
}

function sumOf(stats, name) {
  return [...stats]
    .filter(([each]) => each.startsWith('cluster.') && each.endsWith(`.${name}`))
    .reduce((sum, [, value]) => sum + value, 0);
}

function printTable(title, counts) {
  console.log(`\n${title}`);
  for (const key of [...counts.keys()].sort()) {
    console.log(`  ${String(counts.get(key)).padStart(8)}  ${key}`);
  }
}
