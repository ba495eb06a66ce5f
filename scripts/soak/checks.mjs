/** What has to hold of a soak: every request has one outcome, and is counted exactly once. */

import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  discoveryClusters,
  extraListener,
  namedCluster,
  steadyCluster,
  timeoutOf,
  webSocketCluster,
} from './config.mjs';
import { checkKnown, checkSums } from './sums.mjs';
import { passing, Tally } from './tally.mjs';

/** Keeps what is needed of each result, and finds what is wrong with it at once. */
export class Results {
  /** By request id. */
  byId = new Map();
  problems = [];
  /** `door kind end status` to how often. */
  tally = new Map();
  /** `cluster status flags`, as in the access logs, to how often. */
  outcomes = new Map();
  steadyCount = 0;
  /** The latest revision of the routes that a response of a door has told of. */
  revisions = new Map();

  take(result) {
    const { id, kind, door, cluster, status, end, problem, isOnce, revision } = result;
    if (revision !== undefined) {
      this.revisions.set(door, Math.max(this.revisions.get(door) ?? 0, Number(revision)));
    }
    this.byId.set(id, { kind, door, cluster, status, end, isOnce });
    const key = `${door.padEnd(12)} ${end.padEnd(9)} ${status || '-'}`;
    this.tally.set(key, (this.tally.get(key) ?? 0) + 1);
    const isSteady = cluster === steadyCluster;
    if (isSteady) this.steadyCount += 1;
    // What comes to a listener that is gone already has no outcome, which its client knows.
    const isMissed = end === 'stale' || (door === extraListener && status === 0);
    const isFailed = isSteady && !isMissed && !(status === 200 && end === 'complete');
    const wrong = problem ?? (isFailed ? 'a request to hosts in good health failed' : undefined);
    if (wrong !== undefined) {
      this.report(`${wrong} (${id}, ${kind} to ${cluster} by ${door}: ${end}, status ${status})`);
    }
  }

  report(problem) {
    this.problems.push(problem);
  }
}

/** Reads `/stats` of the admin server. */
export async function readStats(adminUrl) {
  const response = await fetch(`${adminUrl}/stats`, { headers: { connection: 'close' } });
  const text = await response.text();
  const entries = text.split('\n').map((line) => /^(.+): (-?\d+)$/.exec(line));
  return new Map(entries.filter(Boolean).map(([, name, value]) => [name, Number(value)]));
}

/** What a client takes at most to send its request, and to open and close its tunnel. */
const uploadMs = 1500;
/** What is there only as long as something is under way. */
const gauges = [
  /\.(downstream_rq_active|upstream_rq_active|upstream_rq_pending_active|probes_active)$/,
  /\.(downstream_cx_websocket_active|upstream_cx_websocket_active)$/,
  /\.(upstream|downstream)_cx_[rt]x_bytes_buffered$/,
  // The clients have gone.
  /\.downstream_cx_(http1_|http2_|ssl_)?active$/,
];

/**
 * Checks what can be told from the statistics alone. Returns what is wrong. `updates`: how many updates
 * there were, each of which may end a discovery that is under way.
 */
export function checkStats(stats, updates) {
  const problems = [];
  for (const [name, value] of stats) {
    // The sidecar goes on asking these.
    const isAsked = discoveryClusters.some((cluster) => name.startsWith(`cluster.${cluster}.`));
    const isGauge = gauges.some((gauge) => gauge.test(name));
    if (value !== 0 && isGauge && !isAsked) {
      problems.push(`${name} is ${value} when nothing is under way`);
    }
    // An age is -1 before there is one.
    const isWrong = value < 0 && !name.endsWith('_age_ms');
    if (isWrong || !Number.isSafeInteger(value)) problems.push(`${name} is ${value}`);
  }
  const clusters = [...stats.keys()].map((name) =>
    /^cluster\.([^.]+)\.upstream_rq_total$/.exec(name),
  );
  for (const [, cluster] of clusters.filter(Boolean)) {
    problems.push(...checkCluster(stats, cluster, updates));
  }
  return [...problems, ...checkSums(stats)];
}

function checkCluster(stats, cluster, updates) {
  const count = (name) => stats.get(`cluster.${cluster}.${name}`) ?? 0;
  const problems = [];
  const expect = (isSo, what) => {
    if (!isSo) problems.push(`cluster ${cluster}: ${what}`);
  };
  const asked = count('update_attempt');
  const heard = count('update_success') + count('update_failure');
  const isHeard = asked >= heard && asked - heard <= updates + 2;
  expect(isHeard, `${asked} discoveries begun, ${heard} ended`);
  const waited = count('upstream_rq_pending_total');
  const gone = count('upstream_rq_pending_failure_eject') + count('upstream_rq_cancelled');
  expect(waited >= gone, `${waited} attempts waited, but ${gone} of them gave up`);
  return problems;
}

/**
 * Compares the access logs with what the clients saw, what came to hosts and what was counted: every
 * request is in the log of its listener once, with the status that its client got, and in the
 * counters likewise.
 *
 * @param known of the run, as `Tally` takes it
 */
export async function checkLogs(logPaths, results, stats, known) {
  const problems = [];
  const charged = new Map();
  const logged = new Set();
  const tally = new Tally(results, known);
  for (const [door, path] of Object.entries(logPaths)) {
    const lines = await readLog(path);
    problems.push(...checkDoor(door, lines, results, logged, known.stallMs));
    for (const line of lines) {
      const { cluster, code, flags } = line;
      tally.add(door, line);
      add(results.outcomes, `${cluster.padEnd(12)} ${String(code).padEnd(3)} ${flags}`);
      const isCharged = cluster !== webSocketCluster && cluster !== '-' && !passing.has(cluster);
      if (isCharged && code !== 0 && code !== 404) add(charged, `${cluster} ${code}`);
    }
  }
  for (const [id, { door, cluster, status, end }] of results.byId) {
    if (door === 'name' && status !== 0) add(charged, `${cluster} ${status}`);
    if (door !== 'name' && (status !== 0 || door === 'egress') && !logged.has(id)) {
      problems.push(`request ${id} by ${door} (${end}, status ${status}) is in no access log`);
    }
  }
  problems.push(...compareCharges(charged, stats));
  return [...problems, ...checkKnown(stats, tally.finish())];
}

async function readLog(path) {
  const lines = [];
  // A listener that was never there has none.
  if (!existsSync(path)) return lines;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [id, code, flags, cluster, duration] = line.split(' ');
    lines.push({ id, code: Number(code), flags, cluster, durationMs: Number(duration) });
  }
  return lines;
}

function checkDoor(door, lines, results, logged, stallMs) {
  const problems = [];
  for (const { id, code, cluster, durationMs } of lines) {
    const result = results.byId.get(id);
    const seen = result?.status;
    if (durationMs > timeoutOf(cluster) + uploadMs + 2 * stallMs) {
      const what = `${result?.kind} to ${cluster}, ${result?.end}, status ${seen}`;
      problems.push(`request ${id} by ${door} was under way for ${durationMs} ms (${what})`);
    }
    if (logged.has(id)) problems.push(`request ${id} by ${door} is in the log twice`);
    if (seen === undefined) problems.push(`request ${id} in the log of ${door} was never made`);
    else if (seen !== 0 && seen !== code) {
      problems.push(`request ${id} by ${door}: its client saw ${seen}, the log has ${code}`);
    }
    logged.add(id);
  }
  return problems;
}

/** The responses of each cluster by status, as counted and as logged. */
function compareCharges(charged, stats) {
  const counted = new Map();
  const measured = new Set([...charged.keys()].map((key) => key.split(' ')[0]));
  for (const [name, value] of stats) {
    const match = /^cluster\.([^.]+)\.upstream_rq_(\d{3})$/.exec(name);
    // Those of discovery services are asked by the sidecar itself.
    if (match !== null && measured.has(match[1]) && match[2] !== '404') {
      counted.set(`${match[1]} ${match[2]}`, value);
    }
  }
  const keys = new Set([...charged.keys(), ...counted.keys()]);
  return [...keys]
    .filter((key) => (charged.get(key) ?? 0) !== (counted.get(key) ?? 0))
    .map(
      (key) =>
        `cluster ${key}: ${counted.get(key) ?? 0} counted, ${charged.get(key) ?? 0} in the logs`,
    );
}

/** A POST on a route without retries is acted upon by one host at most. */
export function checkPosts(posts, results) {
  const problems = [];
  for (const [id, count] of posts) {
    if (
      count > 1 &&
      results.byId.get(id)?.isOnce &&
      results.byId.get(id).cluster !== namedCluster
    ) {
      problems.push(`POST ${id}, which is never to be sent again, came to ${count} hosts`);
    }
  }
  return problems;
}

function add(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}
