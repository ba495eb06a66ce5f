/**
 * The tables of docs/clients.md. They hold the results of all releases of Node.js, so each run puts
 * its own in, or is compared with, the rows that are there.
 *
 * A result is `{ table, name, door, usage, version, refusal, cells }`: `cells` has for each case `yes` or the
 * reason why it does not apply, and `refusal` says why the client cannot run on this release at all.
 */

import { cases } from './support/cases.mjs';
import { upgradeCases } from './support/upgrade-cases.mjs';

const tables = new Map([
  ['calls', cases],
  ['installed', cases],
  ['upgrades', upgradeCases],
]);
/** What clients are connected with, in the order of the rows. */
const doors = ['sidecar', 'dispatcher', 'fetch', 'agent'];
const endMarker = '<!-- end of generated -->';
const beginMarker = (name) => `<!-- generated: ${name} -->`;

/** Returns the page with the results of some releases put in: a list of results by release. */
export function updateTables(page, resultsByRelease) {
  let text = page;
  const all = sortByDoor([...resultsByRelease.values()].flat());
  for (const [table, columns] of tables) {
    const rows = readRows(text, table, columns);
    for (const [release, results] of resultsByRelease) {
      for (const row of rows) row.releases.delete(release);
      addResults(rows, release, ofTable(results, table));
    }
    const names = all.filter((result) => result.table === table).map(({ name }) => name);
    rows.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name));
    text = replaceBetween(text, table, formatTable(rows, columns));
  }
  return replaceBetween(text, 'usage', formatUsage(all));
}

function sortByDoor(results) {
  return results.toSorted((one, other) => doors.indexOf(one.door) - doors.indexOf(other.door));
}

/** Returns what the page says otherwise than the results of a release, one line for each. */
export function compareTables(page, release, results) {
  const stale = updateTables(page, new Map([[release, results]]));
  const lines = (text) => new Set(text.split('\n').filter((line) => /^(\||\d+\. )/.test(line)));
  const [before, after] = [lines(page), lines(stale)];
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ];
}

function ofTable(results, table) {
  return results.filter((result) => result.table === table && result.refusal === undefined);
}

/** Rows are one for all releases that have the same to show. */
function addResults(rows, release, results) {
  for (const { name, version = '', cells } of results) {
    const same = rows.find((row) => isSame(row, { name, version, cells }));
    if (same !== undefined) {
      same.releases.add(release);
      continue;
    }
    rows.push({ name, version, cells, releases: new Set([release]) });
  }
}

function isSame(one, other) {
  return (
    one.name === other.name &&
    one.version === other.version &&
    Object.keys({ ...one.cells, ...other.cells }).every(
      (key) => one.cells[key] === other.cells[key],
    )
  );
}

function readRows(page, table, columns) {
  const lines = between(page, table).split('\n');
  const notes = new Map(
    lines.flatMap((line) => {
      const [, number, text] = /^(\d+)\. (.*)$/.exec(line) ?? [];
      return number === undefined ? [] : [[`– (${number})`, text]];
    }),
  );
  const rows = lines.filter((line) => line.startsWith('| ')).slice(2);
  return rows.map((line) => {
    const [name, version, releases, ...cells] = line.slice(2, -2).split(' | ');
    return {
      name,
      version: version.trim(),
      releases: new Set(releases.split(', ')),
      cells: Object.fromEntries(
        columns.flatMap(({ key }, index) => {
          const cell = cells[index];
          return cell === undefined || cell === '' ? [] : [[key, notes.get(cell) ?? cell]];
        }),
      ),
    };
  });
}

function formatTable(rows, columns) {
  const notes = [];
  const cellOf = (value = '') => {
    if (value === 'yes' || value === '') return value;
    if (!notes.includes(value)) notes.push(value);
    return `– (${notes.indexOf(value) + 1})`;
  };
  const head = ['client', 'version', 'Node.js', ...columns.map(({ title }) => title)];
  const body = rows
    .filter(({ releases }) => releases.size > 0)
    .map(({ name, version, releases, cells }) => [
      name,
      version,
      [...releases].sort().join(', '),
      ...columns.map(({ key }) => cellOf(cells[key])),
    ]);
  const list = notes.map((note, index) => `${index + 1}. ${note}\n`).join('');
  return `${formatRows(head, body)}${list === '' ? '' : `\n${list}`}`;
}

/** How each client is connected; those that are connected alike share a row. */
function formatUsage(results) {
  const clients = new Map();
  for (const { table, name, usage } of results) {
    if (table === 'installed') continue;
    const names = clients.get(usage) ?? new Set();
    clients.set(usage, names.add(name));
  }
  const body = [...clients].map(([usage, names]) => [[...names].join(', '), `\`${usage}\``]);
  return formatRows(['client', 'connected by'], body);
}

function formatRows(head, body) {
  const rows = [head, head.map(() => '---'), ...body];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function between(page, name) {
  const [, rest] = page.split(beginMarker(name));
  const [text, after] = rest?.split(endMarker) ?? [];
  if (after === undefined) throw new Error(`the page has no ${beginMarker(name)} ... ${endMarker}`);
  return text;
}

function replaceBetween(page, name, text) {
  return page.replace(
    `${beginMarker(name)}${between(page, name)}${endMarker}`,
    () => `${beginMarker(name)}\n\n${text}\n${endMarker}`,
  );
}
