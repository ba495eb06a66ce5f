/**
 * Measures what clusters cost that nobody uses: `npm run bench:idle`.
 *
 * A thousand clusters of ten hosts, found by SDS and health-checked, against a registry and hosts in
 * another process. Measured are the heap that they take, and the CPU time that the process spends
 * while nothing happens but discovery and checks. Exits with 1 if a target is missed. `--help` says
 * what can be changed.
 */

import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readArguments } from './arguments.mjs';
import { BenchProcess, divideCpus, endAll } from './processes.mjs';

const help = `Usage: node test/bench/idle.mjs [options]

Measures what clusters cost that nobody uses: heap, CPU time, breakers. Takes about four minutes.

  --clusters N   how many, 1 to 2000 (default 1000, which the targets are for)
  --seconds N    how long CPU time is measured, each time, 1 to 600 (default 60)
  --dist DIR     which build (default dist)
  --help         print this

Exit codes: 0 every target met, 1 one was missed or something failed, 2 wrong usage.
`;

const options = readArguments(help, {
  clusters: { type: 'string', default: '1000', range: [1, 2000] },
  seconds: { type: 'string', default: '60', range: [1, 600] },
  dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
});

const count = options.clusters;
const hostCount = 10;
const startMs = 60_000;
/** Until the first checks and what they open have been forgotten. */
const settleMs = 15_000;
/** The longest pause between two checks while there is no traffic. */
const maxCheckMs = 65_000;
/** Until the second question of those whose first was not answered in time. */
const maxFindSeconds = 90;
const megabyte = 1024 * 1024;
const targets = { heapMegabytes: 40, cpuPercent: 5, breakerBytes: 8 * 1024 };

const cpus = divideCpus();
let isMet = true;

function judge(title, value, unit, limit) {
  const isWithin = value <= limit;
  isMet &&= isWithin;
  const verdict = isWithin ? 'met' : 'MISSED';
  console.log(`${title.padEnd(52)} ${value.toFixed(2)} ${unit}  at most ${limit}: ${verdict}`);
}

/** Compares with one cluster: what is loaded and compiled with the first one is not of the others. */
async function measureHeap(clusters, isChecked, title) {
  await clusters.ask('start', { count: 1, isChecked }, startMs);
  await clusters.ask('start', { count: 1, isChecked }, startMs);
  const one = await clusters.ask('heap');
  await clusters.ask('start', { count, isChecked }, startMs);
  await untilFound(clusters);
  const all = await clusters.ask('heap', {}, startMs);
  judge(title, (all - one) / megabyte, 'MB', targets.heapMegabytes);
}

/** Waits until every cluster has its hosts: those that were not told in time ask again. */
async function untilFound(clusters) {
  for (let i = 0; i < maxFindSeconds; i += 1) {
    if ((await clusters.ask('stats', { pattern: 'membership_total' })) >= count * hostCount) return;
    await wait(1000);
  }
  throw new Error('there are clusters without hosts');
}

/** CPU time of the process, in percent of one core. */
async function measureCpu(clusters, title, limit) {
  const checksBefore = await clusters.ask('stats', { pattern: 'health_check.attempt' });
  const before = await clusters.ask('cpuMicros');
  const start = performance.now();
  await wait(options.seconds * 1000);
  const micros = (await clusters.ask('cpuMicros')) - before;
  const seconds = (performance.now() - start) / 1000;
  const checks = (await clusters.ask('stats', { pattern: 'health_check.attempt' })) - checksBefore;
  const failed = await clusters.ask('stats', { pattern: 'health_check.failure' });
  judge(title, micros / seconds / 10_000, '% of one core', limit);
  console.log(`  ${(checks / seconds).toFixed(0)} checks/s, ${failed} failed at all`);
}

async function measureBreakers(clusters) {
  const breakers = { errorThresholdPercentage: 50, resetTimeout: 10_000 };
  const measure = async (more) => {
    await clusters.ask('start', { count, isChecked: false, ...more }, startMs);
    await untilFound(clusters);
    return { heap: await clusters.ask('heap'), timers: await clusters.ask('timers') };
  };
  await measure({ breakers });
  const without = await measure({});
  const all = await measure({ breakers });
  judge('heap of a breaker', (all.heap - without.heap) / count, 'bytes', targets.breakerBytes);
  judge('timers that breakers add', all.timers - without.timers, 'for all', 1);
}

try {
  const upstreamSettings = { hosts: hostCount, listed: hostCount };
  const upstream = await BenchProcess.start('upstream.mjs', upstreamSettings, cpus.others);
  const settings = { ...upstream.ready, dist: options.dist };
  const clusters = await BenchProcess.start('idle-clusters.mjs', settings, cpus.contender);
  console.log(`Node.js ${process.version}, ${count} clusters of ${hostCount} hosts`);
  await measureHeap(clusters, false, 'heap, SDS');
  await measureHeap(clusters, true, 'heap, SDS and a check connection to each host');
  await wait(settleMs);
  await measureCpu(clusters, 'CPU, no traffic yet: checks every 60 s', targets.cpuPercent);
  await clusters.ask('touch', { count }, startMs);
  // The checks that were put off for a minute are still to come.
  await wait(maxCheckMs);
  await measureCpu(clusters, 'CPU, after traffic: checks every 10 s', targets.cpuPercent);
  await measureBreakers(clusters);
  process.exitCode = isMet ? 0 : 1;
} finally {
  await endAll();
}
