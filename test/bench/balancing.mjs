/**
 * Measures what choosing a host costs, by the number of hosts: `npm run bench:balancing`.
 *
 * Exits with 1 if a target is missed. `--help` says what can be changed.
 */

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readArguments } from './arguments.mjs';
import { median, spread } from './statistics.mjs';

const help = `Usage: node test/bench/balancing.mjs [options]

Measures what choosing a host costs, by the number of hosts.

  --rounds N   how often everything is measured, 1 to 1000 (default 41)
  --dist DIR   which build (default dist)
  --help       print this

Exit codes: 0 every target met, 1 one was missed or something failed, 2 wrong usage.
`;

const options = readArguments(help, {
  rounds: { type: 'string', default: '41', range: [1, 1000] },
  dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
});
const load = (file) => import(pathToFileURL(join(resolve(options.dist), 'lib', file)).href);
const { systemClock } = await load('base/clock.js');
const { systemRandom } = await load('base/random.js');
const { checkOptions } = await load('sidecar-options.js');
const { TimerWheel } = await load('base/timer-wheel.js');
const { Cluster } = await load('upstream/cluster.js');
const { Host } = await load('upstream/host.js');

const sizes = [10, 10_000];
/** How long one turn takes, at least. */
const turnMs = 10;
/** Choices between two looks at the clock. */
const batch = 1000;
const maxRatio = 1.5;

const equal = () => 1;
const uneven = (i) => 1 + (i % 5);

/** Keys as the hashes of a header would be: of 256 requests, again and again. */
const hashKeys = Array.from({ length: 256 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
const nothingTried = { hashKey: undefined, isTried: () => false };

const policies = [
  { name: 'round_robin', lbType: 'round_robin' },
  { name: 'round_robin, weighted', lbType: 'round_robin', weightOf: uneven },
  { name: 'least_request', lbType: 'least_request' },
  { name: 'least_request, weighted', lbType: 'least_request', weightOf: uneven },
  { name: 'random', lbType: 'random' },
  { name: 'ring_hash', lbType: 'ring_hash', isHashed: true, limit: 3 },
];

/** A cluster with so many hosts, none of which has a connection. */
async function createCluster({ lbType, weightOf = equal }, count) {
  const cluster = {
    name: 'app',
    connect_timeout_ms: 250,
    type: 'static',
    lb_type: lbType,
    hosts: [{ url: 'tcp://127.0.0.1:1' }],
  };
  const admin = { access_log_path: '/dev/null', address: 'tcp://127.0.0.1:8001' };
  const config = { listeners: [], admin, cluster_manager: { clusters: [cluster] } };
  const { clusterManager } = (await checkOptions({ config })).config;
  const live = new Cluster(clusterManager.clusters[0], {
    wheel: new TimerWheel(systemClock),
    random: systemRandom,
    // Nobody connects to anything here.
    connector: { connect() {} },
  });
  const hosts = Array.from({ length: count }, (_, i) => {
    const target = { kind: 'tcp', host: `10.0.${i >> 8}.${i & 255}`, port: 80 };
    return new Host(live.hostContext, target, { weight: weightOf(i) });
  });
  live.updateHosts(hosts);
  return live;
}

/** Returns nanoseconds of CPU time for each choice: what else runs on the machine does not count. */
function measure(cluster, isHashed) {
  const contexts = hashKeys.map((hashKey) => ({ ...nothingTried, hashKey }));
  let count = 0;
  const start = process.cpuUsage();
  const endMs = performance.now() + turnMs;
  while (performance.now() < endMs) {
    for (let i = 0; i < batch; i += 1) {
      const host = cluster.chooseHost(isHashed ? contexts[i & 255] : nothingTried);
      chosen += host === undefined ? 0 : 1;
    }
    count += batch;
  }
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / count;
}

/**
 * Rounds go over all policies and sizes, back and forth, so that a busy moment hits them alike; ratios
 * are those of two neighbors in time.
 */
function measureAll(cases, rounds) {
  for (const { clusters, isHashed } of cases) {
    // Until the code is compiled, and the hosts that the garbage collector moves have been moved.
    for (let i = 0; i < 10; i += 1) for (const cluster of clusters) measure(cluster, isHashed);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const each of cases) {
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      const ns = [];
      for (const i of order) ns[i] = measure(each.clusters[i], each.isHashed);
      each.figures.push(ns);
    }
  }
}

function report({ name, limit = maxRatio, figures }) {
  const [few, many] = [0, 1].map((i) => median(figures.map((ns) => ns[i])));
  const ratio = spread(figures.map((ns) => ns[1] / ns[0]));
  const isMet = ratio.median <= limit;
  const cells = [
    name.padEnd(24),
    `${few.toFixed(1)} ns`.padStart(9),
    `${many.toFixed(1)} ns`.padStart(9),
    `x${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} - ${ratio.max.toFixed(2)})`.padEnd(22),
    `at most x${limit}: ${isMet ? 'met' : 'MISSED'}`,
  ];
  console.log(cells.join('  '));
  return isMet;
}

let chosen = 0;
const cases = [];
for (const policy of policies) {
  const clusters = [];
  for (const size of sizes) clusters.push(await createCluster(policy, size));
  cases.push({ ...policy, clusters, figures: [] });
}
measureAll(cases, options.rounds);
console.log(`Node.js ${process.version}, median of ${options.rounds} rounds, for each choice`);
console.log(
  `${'policy'.padEnd(24)}  ${sizes.map((size) => `${size} hosts`.padStart(9)).join('  ')}`,
);
const isMet = cases.map(report).every(Boolean);
process.exitCode = chosen > 0 && isMet ? 0 : 1;
