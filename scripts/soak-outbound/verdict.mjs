/** What has to hold of the calls: by what was planned, what callers heard, and what hosts saw. */

import { attempts, check, checkSums } from '../soak/sums.mjs';
import { ends } from './call.mjs';
import { statPrefix } from './config.mjs';
import { ofHost } from './load.mjs';
import {
  brokenFaults,
  describePlan,
  goodFaults,
  maxArrivals,
  planOf,
  routes,
  silentFaults,
} from './plan.mjs';

/** More are of no use to anybody. */
const maxProblems = 100;

/** How all calls have ended. */
export class Outcomes {
  #outcomes;
  #statuses;

  /** `results` as `Load` has them. */
  constructor({ outcomes, statuses }) {
    this.#outcomes = Buffer.from(outcomes, 'base64');
    const bytes = Buffer.from(statuses, 'base64');
    this.#statuses = Uint16Array.from({ length: bytes.length / 2 }, (_, i) =>
      bytes.readUInt16LE(2 * i),
    );
  }

  of(id) {
    const outcome = this.#outcomes[id];
    const end = ends[outcome & (ofHost - 1)];
    return { end, isOfHost: outcome >= ofHost, status: this.#statuses[id] };
  }
}

/** Compares each call with its plan and with what came to hosts. */
export function judgeCalls({ seed, requests }, outcomes, ledger) {
  const problems = [];
  const tally = new Map();
  const totals = { sent: 0, aborted: 0, stale: 0, repeatedPosts: 0, byClass: new Map() };
  for (let id = 1; id <= requests; id += 1) {
    const plan = planOf(seed, id);
    const outcome = outcomes.of(id);
    const arrivals = ledger.arrivalsOf(id);
    const late = ledger.lateOf(id);
    count(tally, `${plan.door.padEnd(10)} ${outcome.end.padEnd(8)} ${outcome.status || '-'}`);
    addTotals(totals, plan, outcome, arrivals, late);
    const problem = findProblem(plan, outcome, { arrivals, late, isServed: ledger.isServed(id) });
    if (problem !== undefined && problems.length < maxProblems) {
      problems.push(`${describePlan(plan)}: ${problem}`);
    }
  }
  return { problems, tally, totals };
}

function findProblem(plan, outcome, seen) {
  const { end, status, isOfHost } = outcome;
  const { arrivals, late, isServed } = seen;
  if (end === 'none') return 'it has not ended';
  if (arrivals > maxArrivals(plan)) {
    return `it came to hosts ${arrivals} times, ${maxArrivals(plan)} at most`;
  }
  // Who gives up may do so too late; else it is known what must become of it.
  if (end === 'aborted') {
    return plan.abortAfterMs === undefined ? 'it was aborted by nobody' : undefined;
  }
  if (end === 'complete' && isOfHost && !isServed) return 'complete, but no host has sent it all';
  const heard = end === 'complete' ? (isOfHost ? `host's ${status}` : `our ${status}`) : end;
  const expected = expectedOf(plan, arrivals, late);
  if (expected.includes(heard)) return undefined;
  return `${heard} after ${arrivals} arrivals, and not ${expected.join(' or ')}`;
}

/** How a call may end that is not given up: by a host's answer, by one of ours, or not whole. */
function expectedOf(plan, arrivals, late) {
  const { fault, route, isIdempotent, form } = plan;
  if (route === 'refused') return ['our 503'];
  const isRetried = route === 'again' && (form === 'none' || form === 'whole');
  // Nor is it sure of pieces: what has not been received whole is never tried again.
  const mayBeRetried = route === 'again';
  // A dead connection is not the host's doing in answer to this call: it has not been looked at.
  if (arrivals === late) {
    // Behind a refused connection it may meet a second one.
    const isSentAgain = isRetried || (isIdempotent && route !== 'partly');
    return isSentAgain ? [] : ['our 503'];
  }
  const expected = isRetried || isIdempotent || late === 0 ? [] : ['our 503'];
  const repeated = mayBeRetried ? ["host's 200"] : [];
  if (goodFaults.has(fault)) return [...expected, "host's 200"];
  if (fault === 'unavailable') {
    return isRetried ? repeated : [...expected, "host's 503", ...repeated];
  }
  if (silentFaults.has(fault)) {
    if (isRetried) return repeated;
    // Of a GET the break may be taken for that of a connection that was dead before.
    const resent = fault === 'before' && isIdempotent ? ["host's 200"] : [];
    return [...expected, 'our 503', ...resent, ...repeated];
  }
  // Whether the break overtakes what was sent before it is up to the network.
  const again = arrivals > 1 ? ["host's 200"] : [];
  if (brokenFaults.has(fault)) return ['broken', 'our 503', ...again];
  return ["host's 200", 'broken', 'our 503'];
}

function addTotals(totals, plan, { end, status }, arrivals, late) {
  if (end === 'aborted') totals.aborted += 1;
  if (status !== 0) count(totals.byClass, Math.floor(status / 100));
  if (end === 'complete' && arrivals === late && plan.route !== 'refused') totals.stale += 1;
  if (plan.method === 'POST' && arrivals > 1) totals.repeatedPosts += 1;
}

/** Checks that the statistics add up, with each other and with what is known of the calls. */
export function judgeStats(stats, { requests }, totals, ledger) {
  const clusters = [...new Set(Object.values(routes).map(({ cluster }) => cluster))];
  const sum = new Map();
  for (const cluster of clusters) {
    for (const [name, value] of stats) {
      const prefix = `cluster.${cluster}.`;
      if (!name.startsWith(prefix)) continue;
      const key = `cluster.all.${name.slice(prefix.length)}`;
      sum.set(key, (sum.get(key) ?? 0) + value);
    }
  }
  const classes = Object.fromEntries(
    [2, 5].map((each) => [`SEEN_${each}xx`, totals.byClass.get(each) ?? 0]),
  );
  const known = {
    CALLS: requests,
    GIVEN_UP: totals.aborted,
    ARRIVALS: ledger.arrivalCount,
    ...classes,
  };
  return [
    ...checkSums(stats),
    ...check(sum, 'cluster.all', attemptEquations, known),
    ...check(stats, `http.${statPrefix}`, doorEquations, known),
    ...checkGauges(stats),
  ];
}

const attemptEquations = [
  // One for each call, each retry and each second sending, but for calls that were given up first.
  `${attempts} <= CALLS + upstream_rq_retry + upstream_rq_reused_cx_resend`,
  `${attempts} + GIVEN_UP >= CALLS + upstream_rq_retry + upstream_rq_reused_cx_resend`,
  'ARRIVALS <= upstream_rq_total',
  'upstream_rq_retry_overflow + upstream_rq_reused_cx_resend_overflow + upstream_rq_pending_overflow = ZERO',
];

const doorEquations = [
  'downstream_rq_total <= CALLS',
  'downstream_rq_total + GIVEN_UP >= CALLS',
  'downstream_rq_2xx >= SEEN_2xx',
  'downstream_rq_2xx <= SEEN_2xx + GIVEN_UP',
  'downstream_rq_5xx >= SEEN_5xx',
  'downstream_rq_5xx <= SEEN_5xx + GIVEN_UP',
  'downstream_rq_3xx + downstream_rq_4xx = ZERO',
];

const idleGauges =
  /\.(downstream_rq_active|upstream_rq_active|upstream_rq_pending_active|upstream_cx_[rt]x_bytes_buffered)$/;

function checkGauges(stats) {
  return [...stats]
    .filter(([name, value]) => idleGauges.test(name) && value !== 0)
    .map(([name, value]) => `${name} is ${value} when nothing is under way`);
}

function count(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}
