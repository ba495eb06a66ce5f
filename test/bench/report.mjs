/** Turns measured tables into what is printed, and into docs/benchmarks.md. */

const columns = [
  { title: 'contender', text: (row) => row.name },
  { title: 'µs CPU per request', text: ({ cpuMicros }) => withBounds(cpuMicros, 1) },
  { title: 'ratio', text: ({ ratio }) => (ratio === undefined ? '-' : withBounds(ratio, 2)) },
  { title: 'requests/s', text: (row) => row.requestsPerSecond.median.toFixed(0) },
  { title: 'p50 ms', text: (row) => row.p50Ms.median.toFixed(3) },
  { title: 'p99 ms', text: (row) => row.p99Ms.median.toFixed(2) },
  { title: 'CPU busy', text: (row) => `${row.busyPercent.median.toFixed(0)} %` },
];

function withBounds({ median, min, max }, digits) {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} - ${max.toFixed(digits)})`;
}

/** Names a table: its group, how many requests were under way, what the ratios refer to. */
function titleOf({ title, concurrency }) {
  return concurrency === undefined ? title : `${title} (${concurrency} at a time)`;
}

/** What else than CPU time per request ratios and targets may be about. */
const comparedNames = { p50Ms: 'median latency' };

/** Writes one table; it reads well as text and is Markdown too. */
export function formatTable({ rows }) {
  const cells = rows.map((row) =>
    row.failure === undefined
      ? columns.map(({ text }) => text(row))
      : [row.name, 'failed', '-', '-', '-', '-', '-'],
  );
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => row[i].length)),
  );
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join(
    '\n',
  );
}

/** Compares the tables with the targets; a row that failed has not met its target. */
export function judgeTargets(tables) {
  return tables.flatMap(({ targets, rows, reference, concurrency, compared }) =>
    rows
      .filter(({ name }) => targets[name] !== undefined)
      .map(({ name, ratio }) => {
        const atMost = targets[name];
        const measured = ratio?.median;
        const isMet = measured <= atMost;
        return { name, reference, concurrency, compared, atMost, measured, isMet };
      }),
  );
}

/** Writes one line of judgement. */
export function formatTarget({ name, reference, concurrency, compared, ...judgement }) {
  const { atMost, measured, isMet } = judgement;
  const load = concurrency === undefined ? '' : `, ${concurrency} at a time`;
  const what = comparedNames[compared] === undefined ? '' : `${comparedNames[compared]} of `;
  const pair = `${what}${name} against ${reference}${load}`;
  if (measured === undefined) return `${pair}: not measured, target ${atMost.toFixed(2)}`;
  const verdict = isMet ? 'met' : 'NOT met';
  return `${pair}: ${measured.toFixed(2)}, target ${atMost.toFixed(2)} ${verdict}`;
}

/** Says of each row that failed what its first error was. */
function listFailures(tables) {
  const failed = tables.flatMap(({ rows }) => rows.filter((row) => row.failure !== undefined));
  return [...new Set(failed.map(({ name, failure }) => `${name} failed: ${failure}`))];
}

/** Writes all that is printed at the end of a run. */
export function formatResult({ tables, notes }) {
  const parts = tables.flatMap((table) => [`\n${titleOf(table)}`, formatTable(table)]);
  const judgements = judgeTargets(tables).map(formatTarget);
  return [...parts, '', ...judgements, ...listFailures(tables), ...notes].join('\n');
}

/** Writes docs/benchmarks.md. */
export function formatDocument({ machine, versions, tables, notes, options }) {
  const placement = machine.pinned
    ? 'The contender runs on a CPU of its own; load and upstream share the others.'
    : 'Processes are not pinned to CPUs.';
  return `# Benchmarks

Written by \`${machine.command}\` on ${machine.date}; \`npm run bench\` measures again.
What choosing hosts, clusters at rest and dying hosts cost is in [benchmarks-upstream.md](benchmarks-upstream.md).

Every request is a small GET on a keep-alive connection, every response one line from a host that
costs next to nothing. Each contender is its own process. What counts is the CPU time of that
process, user and system, divided by the requests it served: it is what a user pays for, and unlike
requests per second it hardly depends on the speed of the load.
${placement}

All contenders of a table run in the same ${options.rounds} rounds, one after the other, ${options.seconds} s each. Figures are
medians of the rounds, with least and greatest in parentheses. A ratio compares CPU per request with
the table's reference in the same round. A contender with a single wrong or missing response is shown
as failed. "CPU busy" is how much of its CPU the contender used; one that waits for the load pays more
wake-ups per request than one that is kept busy.

Outbound, the contender makes the requests itself. Its sidecar has one host, found by SDS, behind a route with
two retries and a time-out for each attempt, circuit breakers, outlier detection and statistics; once, in
addition, a failure-rate breaker; and once nothing but a static host, called by the name of its cluster. haproxy as
a sidecar of its own process is where load and upstream are, and latency is that of a request and the whole of its response.

| | |
| --- | --- |
| CPU | ${machine.cpu}, ${machine.cores} cores |
| system | ${machine.kernel} |
| load average before the run | ${machine.loadAverage} |
| Node.js | ${machine.node} |
${Object.entries(versions)
  .map(([name, version]) => `| ${name} | ${version} |`)
  .join('\n')}

${tables.map(formatSection).join('\n\n')}

## Targets

${judgeTargets(tables)
  .map((target) => `- ${formatTarget(target)}`)
  .join('\n')}
${[...listFailures(tables), ...notes].map((note) => `\n${note}\n`).join('')}`;
}

function formatSection(table) {
  const compared = comparedNames[table.compared];
  const note = table.note === undefined ? '' : `\n${table.note}`;
  const ratios = compared === undefined ? 'Ratios' : `Ratios are those of ${compared}, and`;
  return `## ${titleOf(table)}\n\n${ratios} refer to ${table.reference}.${note}\n\n${formatTable(table)}`;
}
