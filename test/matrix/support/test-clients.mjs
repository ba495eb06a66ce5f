/** Tries clients, and tells run.mjs what became of it. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import semver from 'semver';
import { cases as callCases } from './cases.mjs';
import { Hosts } from './hosts.mjs';
import { readStats, startSidecar } from './sidecar.mjs';

const packages = join(import.meta.dirname, '..', 'node_modules');

/**
 * Tries each client with each case, in a sidecar of its own. `connect(sidecar)` returns what the
 * client is connected with, and may return a function `disconnect` beside.
 */
export async function testClients(clients, options = {}) {
  const { table = 'calls', cases = callCases, connect = doorsOf } = options;
  const results = [];
  const hosts = await Hosts.start(table === 'upgrades' ? ['--sockets'] : []);
  after(() => hosts.close());
  process.on('exit', () => record(results));
  for (const client of clients) {
    const { name, door, usage } = client;
    const { version, refusal } = readPackage(client);
    const result = { table, name, door, usage, version, refusal, cells: {} };
    results.push(result);
    if (refusal !== undefined) {
      test(name, { skip: refusal }, () => {});
    } else {
      describe(name, () => testClient(client, { hosts, cases, connect }, result));
    }
  }
}

function testClient(client, { hosts, cases, connect }, result) {
  const context = { hosts };
  let disconnect;
  before(async () => {
    context.sidecar = await startSidecar(hosts);
    const doors = connect(context.sidecar);
    disconnect = doors.disconnect;
    context.client = await client.create(doors);
  });
  for (const { key, title, run } of cases) {
    const reason = client.cannot?.[key];
    test(title, { skip: reason, timeout: 60_000 }, async () => {
      await run(context);
      result.cells[key] = 'yes';
    });
    if (reason !== undefined) result.cells[key] = reason;
  }
  after(async () => {
    const { sidecar } = context;
    disconnect?.();
    const stats = await readStats(sidecar);
    const active = [...stats].filter(([name, value]) => name.endsWith('_rq_active') && value > 0);
    await sidecar.close({ timeoutMs: 0 });
    assert.deepEqual(active, [], 'requests are left');
  });
}

/** What a client may be connected with. */
function doorsOf(sidecar) {
  return {
    agent: sidecar.agent,
    dispatcher: sidecar.dispatcher,
    fetch: sidecar.fetch,
    request: (url, options) => sidecar.request(url, options),
  };
}

/** The version of a client, and why it cannot run on this Node.js, if so. */
function readPackage({ package: name, global }) {
  if (global !== undefined && !(global in globalThis)) return { refusal: 'Node.js has none yet.' };
  if (name === undefined) return {};
  const { version, engines } = JSON.parse(
    readFileSync(join(packages, name, 'package.json'), 'utf8'),
  );
  const range = engines?.node ?? '*';
  const isAble = semver.satisfies(process.versions.node, range);
  return { version, refusal: isAble ? undefined : `It needs Node.js ${range}.` };
}

/** Writes the results into the folder that run.mjs names. */
function record(results) {
  const folder = process.env.PILLION_MATRIX_RESULTS;
  if (folder === undefined) return;
  writeFileSync(join(folder, `${basename(process.argv[1])}.json`), JSON.stringify(results));
}
