/** What a soak prints. */

import { hasBackOff } from './options.mjs';

const maxPrintedProblems = 40;
const startMs = performance.now();

export function formatMegabytes(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function printHeader(options) {
  const { minutes, seed, rate } = options;
  console.log(`soak: ${minutes} min, about ${rate} requests/s and 16 at a time, --seed ${seed}`);
  console.log(`retries ${hasBackOff(options) ? 'wait before they are sent' : 'are sent at once'}`);
  console.log(`Node.js ${process.version}, process ${process.pid}`);
}

/** One line of how far it is. */
export async function printProgress({ child, results, faults }) {
  const memory = await child.ask('memory', { isCollected: false });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const cells = [
    `${seconds} s`.padStart(7),
    `${results.byId.size} requests`,
    `${sum(faults.counts)} faults`,
    `rss ${formatMegabytes(memory.rss)}`,
    `heap ${formatMegabytes(memory.heapUsed)}`,
    `${results.problems.length + child.problems.length} problems`,
  ];
  console.log(cells.join('  '));
}

/** Prints the outcome; returns whether everything held. */
export function printSummary({ options, problems, results, faults, answers, heaps, hosts }) {
  printTable('requests by door, end and status', results.tally);
  printTable('requests by cluster, status and flags', results.outcomes);
  printTable('faults', faults?.counts ?? new Map());
  for (const [service, counts] of Object.entries(answers)) {
    printTable(`answers of ${service}`, counts);
  }
  const requests = hosts.reduce((count, host) => count + host.requestCount, 0);
  console.log(`\n${results.byId.size} requests, ${requests} of their attempts at hosts`);
  console.log(`${results.steadyCount} requests to hosts in good health`);
  for (const { when, heapUsed, arrayBuffers, rss, stallMs } of heaps) {
    const [heap, buffers, all] = [heapUsed, arrayBuffers, rss].map(formatMegabytes);
    console.log(`heap ${when}: ${heap}, buffers ${buffers}, whole process ${all}`);
    console.log(`longest stall of the event loop until then: ${stallMs.toFixed(0)} ms`);
  }
  if (problems.length === 0) {
    console.log('\nEverything held.');
    return true;
  }
  console.log(`\n${problems.length} problems; repeat them with --seed ${options.seed}:`);
  for (const problem of problems.slice(0, maxPrintedProblems)) console.log(`  ${problem}`);
  if (problems.length > maxPrintedProblems) console.log('  ...');
  return false;
}

function printTable(title, counts) {
  console.log(`\n${title}`);
  for (const key of [...counts.keys()].sort()) {
    console.log(`  ${String(counts.get(key)).padStart(8)}  ${key}`);
  }
}

function sum(counts) {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
