/**
 * The benchmark: pillion side by side with what people use instead.
 *
 *     npm run bench                                  builds pillion, then measures everything
 *     node test/bench/run.mjs --group outbound       with what is built already
 *     node test/bench/run.mjs --help                 all options
 *
 * What it measures is CPU time per request of the contender's own process: a proxy in front of two
 * hosts, an application's outbound calls, an application behind a listener. Requests per second and
 * latencies are reported beside it. Contenders take turns in several rounds, because machines are
 * shared and noisy: compare within one run only.
 *
 * - `groups.mjs` says what is measured against what; `contenders/` has one script for each.
 * - `load.mjs` sends the requests, `upstream.mjs` answers them; both are processes of their own.
 * - `measure.mjs` runs the rounds; `report.mjs` writes tables, targets and `docs/benchmarks.md`.
 * - `processes.mjs` starts the processes and ends them, however the run ends.
 *
 * The packages that pillion is measured against are installed here on first use, apart from its own.
 */

import { writeFileSync } from 'node:fs';
import { installDependencies } from './dependencies.mjs';
import { selectGroups } from './groups.mjs';
import { describeMachine, readVersions } from './machine.mjs';
import { measureGroup, warmUpMs } from './measure.mjs';
import { help, parseOptions, UsageError } from './options.mjs';
import { BenchProcess, divideCpus, endAll, findCommand } from './processes.mjs';
import { formatDocument, formatResult } from './report.mjs';

/** Runs the bench; resolves to the exit code. */
async function main(options) {
  const { selected, notes } = selectGroups(options);
  if (selected.length === 0) throw new UsageError('no contender has such a name');
  const wrk = options.wrk ? findCommand('wrk') : undefined;
  if (options.wrk && wrk === undefined) throw new UsageError('wrk is not installed');
  installDependencies();

  const machine = describeMachine(divideCpus().contender !== undefined);
  if (machine.loadAverage > machine.cores / 2) {
    notes.push('The machine was busy with other things: trust ratios only, and those not far.');
  }
  const estimateMs = estimate(selected, options);
  const minutes = (estimateMs / 60_000).toFixed(1);
  console.log(`About ${minutes} minutes; load average before the run: ${machine.loadAverage}.`);
  const limit = setTimeout(() => stop('the run takes far too long'), 2 * estimateMs + 60_000);
  const tables = await measureAll(selected, options, wrk);
  clearTimeout(limit);

  const result = { machine, versions: readVersions(), options, tables, notes };
  console.log(formatResult(result));
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(result, null, 2));
  if (options.write) {
    writeFileSync(new URL('../../docs/benchmarks.md', import.meta.url), formatDocument(result));
  }
  return tables.some(({ rows }) => rows.some((row) => row.failure !== undefined)) ? 1 : 0;
}

async function measureAll(selected, options, wrk) {
  const cpus = divideCpus();
  const upstream = await BenchProcess.start('upstream.mjs', { hosts: 2 }, cpus.others);
  const script = wrk === undefined ? 'load.mjs' : 'load-wrk.mjs';
  const load = await BenchProcess.start(script, { wrk }, cpus.others);
  const bench = { cpus, upstream, load, options, print: (line) => console.log(line) };
  const tables = [];
  for (const group of selected) tables.push(...(await measureGroup(group, bench)));
  return tables;
}

/** How long the rounds should take, in milliseconds. */
function estimate(selected, { rounds, seconds }) {
  const turnMs = seconds * 1000 + 300;
  return selected.reduce((sum, { contenders, concurrencies }) => {
    const tables = concurrencies?.length ?? 1;
    return sum + contenders.length * (warmUpMs + 300 + tables * rounds * turnMs);
  }, 0);
}

/** Ends the run early, leaving nothing behind. */
async function stop(reason, exitCode = 1) {
  console.error(`\nStopped: ${reason}.`);
  await endAll();
  process.exit(exitCode);
}

process.on('SIGINT', () => stop('interrupted', 130));
process.on('SIGTERM', () => stop('terminated', 143));

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${help}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
} finally {
  await endAll();
}
