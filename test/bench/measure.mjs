/** Runs the contenders of one group in turns, so that a change of the machine meets all alike. */

import { BenchProcess } from './processes.mjs';
import { spread } from './statistics.mjs';

/** The start of each turn, not counted: connections open, caches fill. */
const settleMs = 200;

/**
 * Traffic before the first round, until the contender's code is compiled. That takes requests, not
 * time, and on a slow or busy machine more than one slice of time.
 */
const warmUpRequests = 20_000;
export const warmUpMs = 1000;
const maxWarmUpSlices = 5;

/**
 * Measures a group. Returns one table for each concurrency.
 *
 * @param bench what the groups share: `load` and `upstream` processes, `cpus`, `options`, `print`
 */
export async function measureGroup(group, bench) {
  // In one table each contender may have a concurrency of its own, or all have that of the table.
  const concurrencies = group.concurrencies ?? [undefined];
  const rows = concurrencies.flatMap((table) =>
    group.contenders.map(({ name, concurrency = table }) => {
      return { name, table, concurrency, samples: [] };
    }),
  );
  const entrants = await Promise.all(group.contenders.map((each) => startEntrant(each, bench)));
  const turns = rows.map((row, i) => ({ row, entrant: entrants[i % entrants.length] }));

  for (const turn of turns.slice(0, entrants.length)) await warmUp(turn, group, bench);
  for (let round = 1; round <= bench.options.rounds; round += 1) {
    bench.print(`${group.name}: round ${round} of ${bench.options.rounds}`);
    // Back and forth, so that nobody always comes first.
    for (const turn of round % 2 === 1 ? turns : turns.toReversed()) {
      const result = await runTurn(turn, group, bench, bench.options.seconds * 1000);
      if (result !== undefined) turn.row.samples.push({ round, ...toSample(result) });
    }
  }
  const processes = entrants.flatMap((entrant) => [entrant.process, entrant.proxy]);
  await Promise.all(processes.map((each) => each?.end()));
  return concurrencies.map((concurrency) => {
    const own = rows.filter((row) => row.table === concurrency);
    return summarizeTable(group, concurrency, own, turns);
  });
}

async function startEntrant({ name, script, settings, through }, bench) {
  const { cpus, upstream } = bench;
  const input = { ...upstream.ready, dist: bench.options.dist, ...settings };
  try {
    let proxy;
    if (through !== undefined) {
      const ports = upstream.ready.ports.slice(0, 1);
      proxy = await BenchProcess.start(`contenders/${through}`, { ...input, ports }, cpus.others);
      input.ports = [proxy.ready.port];
    }
    const started = await BenchProcess.start(`contenders/${script}`, input, cpus.contender);
    return { name, process: started, proxy };
  } catch (error) {
    bench.print(`${name} failed: ${error.message}`);
    return { name, failure: error.message };
  }
}

async function warmUp(turn, group, bench) {
  bench.print(`${group.name}: warming up ${turn.entrant.name}`);
  let requests = 0;
  for (let slice = 0; slice < maxWarmUpSlices && requests < warmUpRequests; slice += 1) {
    const result = await runTurn(turn, group, bench, warmUpMs);
    requests += result?.requests ?? Number.POSITIVE_INFINITY;
  }
}

/** One turn of one contender; a contender that has failed once has no more turns. */
async function runTurn({ row, entrant }, group, bench, ms) {
  if (entrant.failure !== undefined) return undefined;
  const measure = group.load === 'process' ? measureProxy : measureCaller;
  try {
    await measure(entrant.process, bench.load, row.concurrency, settleMs);
    const result = await measure(entrant.process, bench.load, row.concurrency, ms);
    if (result.requests === 0) throw new Error('no request was answered');
    return result;
  } catch (error) {
    entrant.failure = await entrant.process.explain(error);
    bench.print(`${entrant.name} failed: ${entrant.failure}`);
    // Now, not at the end: one that spins would take the CPU from the others.
    await entrant.process.end();
    return undefined;
  }
}

/** CPU time is read before the first request and after the last response: nothing is cut off. */
async function measureProxy(contender, load, concurrency, ms) {
  const { port } = contender.ready;
  const before = await contender.ask('cpuMicros');
  const result = await load.ask('run', { port, concurrency, ms }, ms);
  return { ...result, cpuMicros: (await contender.ask('cpuMicros')) - before };
}

function measureCaller(contender, _load, concurrency, ms) {
  return contender.ask('run', { concurrency, ms }, ms);
}

function toSample({ requests, seconds, cpuMicros, p50Ms, p99Ms }) {
  return {
    cpuMicros: cpuMicros / requests,
    requestsPerSecond: requests / seconds,
    busyPercent: cpuMicros / seconds / 10_000,
    p50Ms,
    p99Ms,
  };
}

function summarizeTable(group, concurrency, rows, turns) {
  const failureOf = (row) => turns.find((turn) => turn.row === row).entrant.failure;
  const reference = rows.find((row) => row.name === group.reference);
  const summarize = (row) => {
    const failure = failureOf(row);
    if (failure !== undefined) return { name: row.name, failure };
    const hasReference = failureOf(reference) === undefined;
    const figures = summarizeRow(row, hasReference ? reference : undefined, group.compared);
    return { name: row.name, ...figures };
  };
  const { name, title, note, targets, compared = 'cpuMicros' } = group;
  return {
    group: name,
    title,
    note,
    concurrency,
    compared,
    reference: group.reference,
    targets,
    rows: rows.map(summarize),
  };
}

/** Ratios are taken within a round, between neighbors in time, and then summarized. */
function summarizeRow({ samples }, reference, compared = 'cpuMicros') {
  const figure = (key) => spread(samples.map((sample) => sample[key]));
  const ratios = samples.map((sample, i) => sample[compared] / reference?.samples[i][compared]);
  return {
    cpuMicros: figure('cpuMicros'),
    ratio: reference && spread(ratios),
    requestsPerSecond: figure('requestsPerSecond'),
    p50Ms: figure('p50Ms'),
    p99Ms: figure('p99Ms'),
    busyPercent: figure('busyPercent'),
    samples,
  };
}
