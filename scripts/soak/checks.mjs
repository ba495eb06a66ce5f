/** What has to hold of a soak: every request has one outcome, and is counted exactly once. */

import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  cdsCluster,
  discoveryClusters,
  extraCluster,
  extraListener,
  namedCluster,
  steadyCluster,
  webSocketCluster,
} from './config.mjs';

/** Counters go with what they belong to, and these come and go. */
const passing = new Set([cdsCluster, extraCluster, extraListener]);

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

  take(result) {
    const { id, kind, door, cluster, status, end, problem, isOnce } = result;
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
  const entries = text.split('\n').map((line) => /^(.+): (\d+)$/.exec(line));
  return new Map(entries.filter(Boolean).map(([, name, value]) => [name, Number(value)]));
}

/** Longer than every time-out that there is, and than any client takes to read. */
const maxDurationMs = 12_000;
const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'];
const gauges = /\.(downstream_rq_active|upstream_rq_active|upstream_rq_pending_active)$/;
const tunnels = /\.(downstream_cx_websocket_active|upstream_cx_websocket_active)$/;
const buffered = /\.(upstream|downstream)_cx_[rt]x_bytes_buffered$/;

/**
 * Checks what can be told from the statistics alone. Returns what is wrong. `updates`: how many updates
 * there were, each of which may end a discovery that is under way.
 */
export function checkStats(stats, updates) {
  const problems = [];
  for (const [name, value] of stats) {
    // The sidecar goes on asking these.
    const isAsked = discoveryClusters.some((cluster) => name.startsWith(`cluster.${cluster}.`));
    const isGauge = gauges.test(name) || tunnels.test(name) || buffered.test(name);
    if (value !== 0 && isGauge && !isAsked) {
      problems.push(`${name} is ${value} when nothing is under way`);
    }
    if (value < 0 || !Number.isSafeInteger(value)) problems.push(`${name} is ${value}`);
  }
  const clusters = [...stats.keys()].map((name) =>
    /^cluster\.([^.]+)\.upstream_rq_total$/.exec(name),
  );
  for (const [, cluster] of clusters.filter(Boolean)) {
    problems.push(...checkCluster(stats, cluster, updates));
  }
  return problems;
}

function checkCluster(stats, cluster, updates) {
  const count = (name) => stats.get(`cluster.${cluster}.${name}`) ?? 0;
  const problems = [];
  const expect = (isSo, what) => {
    if (!isSo) problems.push(`cluster ${cluster}: ${what}`);
  };
  const closed = count('upstream_cx_destroy');
  const opened = count('upstream_cx_total');
  expect(
    opened === closed + count('upstream_cx_active'),
    `${opened} connections opened, ${closed} closed, ${count('upstream_cx_active')} open`,
  );
  expect(
    closed === count('upstream_cx_destroy_local') + count('upstream_cx_destroy_remote'),
    'connections closed by neither side, or by both',
  );
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
 * Compares the access logs with what the clients saw and what was counted: every request is in the
 * log of its listener once, with the status that its client got, and in the counters likewise.
 */
export async function checkLogs(logPaths, results, stats) {
  const problems = [];
  const charged = new Map();
  const logged = new Set();
  for (const [door, path] of Object.entries(logPaths)) {
    const lines = await readLog(path);
    problems.push(...checkDoor(door, lines, results, stats, logged));
    for (const { cluster, code, flags } of lines) {
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
  return [...problems, ...compareCharges(charged, stats), ...checkTunnels(results, stats)];
}

/** Tunnels are counted as such, and not by their status. */
function checkTunnels({ outcomes }, stats) {
  const opened = stats.get(`cluster.${webSocketCluster}.upstream_cx_websocket_total`) ?? 0;
  const logged = outcomes.get(`${webSocketCluster.padEnd(12)} 101 -`) ?? 0;
  return opened >= logged ? [] : [`${opened} tunnels counted, ${logged} in the logs`];
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

function checkDoor(door, lines, results, stats, logged) {
  const problems = [];
  const count = (name) => stats.get(`http.${door}.${name}`) ?? 0;
  for (const { id, code, cluster, durationMs } of lines) {
    const result = results.byId.get(id);
    const seen = result?.status;
    if (durationMs > maxDurationMs) {
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
  if (passing.has(door)) return problems;
  const total = count('downstream_rq_total');
  if (total !== lines.length) {
    problems.push(`${door}: ${total} requests counted, ${lines.length} in the log`);
  }
  for (const [i, name] of classes.entries()) {
    const inLog = lines.filter(({ code }) => Math.floor(code / 100) === i + 1).length;
    const counted = count(`downstream_rq_${name}`);
    if (counted !== inLog) problems.push(`${door}: ${counted} times ${name}, ${inLog} in the log`);
  }
  const unanswered = lines.filter(({ code }) => code === 0).length;
  const resets = count('downstream_rq_rx_reset') + count('downstream_rq_tx_reset');
  if (unanswered > resets) {
    problems.push(`${door}: ${unanswered} requests without an answer, but ${resets} resets`);
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
