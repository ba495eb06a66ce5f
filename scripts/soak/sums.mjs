/**
 * What has to add up, as equations of statistics. `a + b = c` says what it says, and so do `<=` and
 * `>=`; a name with a dot is a statistic below the scope, too, and a name in capitals is what the
 * soak knows by itself.
 */

import {
  discoveryClusters,
  extraListener,
  namedCluster,
  steadyCluster,
  webSocketCluster,
} from './config.mjs';

/** Of every cluster, at any time. */
const clusterEquations = [
  'upstream_cx_total = upstream_cx_destroy + upstream_cx_active',
  'upstream_cx_total = upstream_cx_http1_total + upstream_cx_http2_total',
  'upstream_cx_destroy = upstream_cx_destroy_local + upstream_cx_destroy_remote',
  'upstream_cx_destroy_with_active_rq = upstream_cx_destroy_local_with_active_rq + upstream_cx_destroy_remote_with_active_rq',
  'upstream_cx_destroy_local_with_active_rq <= upstream_cx_destroy_local',
  'upstream_cx_destroy_remote_with_active_rq <= upstream_cx_destroy_remote',
  'upstream_cx_connect_fail <= upstream_cx_destroy',
  'upstream_cx_connect_timeout <= upstream_cx_connect_fail',
  'upstream_cx_max_requests <= upstream_cx_total',
  'upstream_rq_retry_success <= upstream_rq_retry',
  'membership_healthy <= membership_total',
  'update_success + update_failure <= update_attempt',
];

/** Of every cluster, when nothing is under way. */
const idleClusterEquations = [
  // Reading is not resumed for a response that has ended meanwhile.
  'upstream_flow_control_resumed_reading_total <= upstream_flow_control_paused_reading_total',
  'upstream_flow_control_drained_total <= upstream_flow_control_backed_up_total',
  'breaker.open + breaker.half_open <= ONE',
  'breaker.half_opened <= breaker.opened',
  'breaker.closed <= breaker.half_opened',
];

/** Of connections of HTTP/1: each attempt that is given up costs its connection. */
const http1Equations = [
  'upstream_rq_tx_reset <= upstream_cx_destroy_local_with_active_rq',
  'upstream_cx_destroy_local_with_active_rq <= upstream_rq_tx_reset + upstream_cx_protocol_error',
];

/**
 * Of every cluster whose requests are known, but for tunnels. Each attempt is counted once by what
 * became of it first: it got a connection, or it did not in one of these ways.
 */
export const attempts =
  'upstream_rq_total + upstream_rq_pending_overflow + upstream_rq_pending_failure_eject + ' +
  'upstream_rq_cancelled + upstream_cx_none_healthy + breaker.rejected';
const attemptEquations = [
  // There is one for each request, each retry and each second sending, but for retries that nobody
  // waits for any more when their back-off is over.
  `REQUESTS + upstream_rq_retry + upstream_rq_reused_cx_resend >= ${attempts}`,
  `REQUESTS + upstream_rq_retry + upstream_rq_reused_cx_resend <= ${attempts} + REQUESTS_GIVEN_UP`,
  'ATTEMPTS_AT_HOSTS <= upstream_rq_total',
];

/** Of these too, where it is in a log why we answered by ourselves. */
const replyEquations = [
  'upstream_cx_none_healthy = REQUESTS_UH',
  'upstream_rq_retry_overflow + breaker.rejected <= REQUESTS_UO',
  'upstream_rq_retry_overflow + upstream_rq_reused_cx_resend_overflow + breaker.rejected + upstream_rq_pending_overflow >= REQUESTS_UO',
  'upstream_rq_timeout <= REQUESTS_UT',
  'upstream_rq_timeout + upstream_rq_per_try_timeout >= REQUESTS_UT',
  'upstream_rq_pending_failure_eject >= REQUESTS_UF',
];

/** Of hosts that nothing happens to: every attempt arrives. */
const steadyEquations = [
  'REQUESTS = upstream_rq_total',
  'ATTEMPTS_AT_HOSTS = upstream_rq_total',
  'upstream_rq_200 = upstream_rq_total',
];

/** Of tunnels, each of which has a connection of its own. */
const tunnelEquations = [
  'REQUESTS = upstream_cx_total + upstream_cx_none_healthy + upstream_cx_overflow + upstream_rq_pending_overflow',
  'upstream_cx_total = upstream_rq_pending_total',
  'upstream_cx_connect_fail = upstream_rq_pending_failure_eject + upstream_rq_cancelled',
  'upstream_rq_pending_failure_eject = REQUESTS_UF',
  'upstream_cx_none_healthy = REQUESTS_UH',
  'upstream_rq_timeout = REQUESTS_UT',
  'upstream_cx_websocket_total >= REQUESTS_101',
  'upstream_cx_websocket_total + upstream_cx_connect_fail <= upstream_cx_total',
];

/** Of every connection manager, when nothing is under way. */
const managerEquations = [
  'downstream_cx_total = downstream_cx_destroy + downstream_cx_active',
  'downstream_cx_destroy = downstream_cx_destroy_local + downstream_cx_destroy_remote',
  'downstream_cx_destroy_active_rq = downstream_cx_destroy_local_active_rq + downstream_cx_destroy_remote_active_rq',
  // A connection that closes before its first byte has spoken neither.
  'downstream_cx_http1_total + downstream_cx_http2_total <= downstream_cx_total',
  'downstream_rq_total = downstream_rq_http1_total + downstream_rq_http2_total',
];

/** Of every connection manager whose requests are known. */
const doorEquations = [
  'downstream_rq_total = REQUESTS',
  'downstream_rq_1xx = REQUESTS_1xx',
  'downstream_rq_2xx = REQUESTS_2xx',
  'downstream_rq_3xx = REQUESTS_3xx',
  'downstream_rq_4xx = REQUESTS_4xx',
  'downstream_rq_5xx = REQUESTS_5xx',
  'downstream_rq_total = rq_total + TUNNELS',
  'downstream_cx_websocket_total = REQUESTS_101',
  'no_route + no_cluster = REQUESTS_NR',
  // We break off what the host has broken off, and what takes too long; the client all others.
  'downstream_rq_tx_reset = REQUESTS_CUT',
  'downstream_rq_rx_reset >= REQUESTS_UNANSWERED',
  'downstream_rq_rx_reset <= REQUESTS_LEFT',
];

/** Of what is served under a name, wherever it came from. */
const managers = [
  ['cluster_manager', 'cluster_added = cluster_removed + total_clusters'],
  ['cluster_manager', 'warming_clusters = ZERO'],
  ['listener_manager', 'listener_added = listener_removed + total_listeners_active'],
  ['listener_manager', 'total_listeners_warming = ZERO'],
  ['listener_manager', 'total_listeners_draining = ZERO'],
  ['filesystem', 'write_failed + write_dropped + reopen_failed = ZERO'],
];

const constants = { ZERO: 0, ONE: 1 };

/** Checks what must hold of the statistics alone, when nothing is under way. */
export function checkSums(stats) {
  const problems = managers.flatMap(([scope, equation]) => check(stats, scope, [equation]));
  for (const cluster of findScopes(stats, 'cluster', 'upstream_rq_total')) {
    const scope = `cluster.${cluster}`;
    problems.push(...check(stats, scope, clusterEquations), ...checkCodes(stats, scope));
    if (!discoveryClusters.includes(cluster)) {
      problems.push(...check(stats, scope, idleClusterEquations));
      const isHttp1 = (stats.get(`${scope}.upstream_cx_http2_total`) ?? 0) === 0;
      if (isHttp1 && cluster !== webSocketCluster) {
        problems.push(...check(stats, scope, http1Equations));
      }
    }
  }
  for (const door of findScopes(stats, 'http', 'downstream_rq_total')) {
    problems.push(...check(stats, `http.${door}`, managerEquations));
  }
  return [...problems, ...checkListeners(stats)];
}

/**
 * Checks what must hold of the statistics and of what is known of requests.
 *
 * @param known for each cluster or connection manager its numbers, as `{ REQUESTS: 7 }`
 */
export function checkKnown(stats, { clusters, doors }) {
  const problems = [];
  for (const [cluster, numbers] of clusters) {
    const equations = equationsOf(cluster);
    problems.push(...check(stats, `cluster.${cluster}`, equations, numbers));
  }
  for (const [door, numbers] of doors) {
    problems.push(...check(stats, `http.${door}`, doorEquations, numbers));
  }
  return problems;
}

function equationsOf(cluster) {
  if (cluster === webSocketCluster) return tunnelEquations;
  // Why a call by name was answered with 503 is in no log.
  if (cluster === namedCluster) return attemptEquations;
  const all = [...attemptEquations, ...replyEquations];
  return cluster === steadyCluster ? [...all, ...steadyEquations] : all;
}

/** Checks equations of one scope. Returns what is wrong, with the numbers of both sides. */
export function check(stats, scope, equations, known = {}) {
  const problems = [];
  for (const equation of equations) {
    const [, left, sign, right] = /^(.+) (<=|>=|=) (.+)$/.exec(equation);
    const [first, second] = [left, right].map((side) => evaluate(stats, scope, side, known));
    const holds = { '=': first.sum === second.sum, '<=': first.sum <= second.sum };
    if (!(holds[sign] ?? first.sum >= second.sum)) {
      problems.push(
        `${scope}: it must be that ${equation}, but ${first.sum} (${first.text}) is not ` +
          `${sign === '=' ? '' : `${sign} `}${second.sum} (${second.text})`,
      );
    }
  }
  return problems;
}

function evaluate(stats, scope, side, known) {
  const terms = side.split(' + ').map((name) => {
    const isKnown = /^[A-Z]/.test(name);
    return isKnown ? (known[name] ?? constants[name] ?? 0) : (stats.get(`${scope}.${name}`) ?? 0);
  });
  return { sum: terms.reduce((sum, term) => sum + term, 0), text: terms.join(' + ') };
}

/** Responses are counted by status, by class, and by who asked: each is one of each. */
function checkCodes(stats, scope) {
  const problems = [];
  const sums = new Map();
  for (const [name, value] of stats) {
    if (!name.startsWith(`${scope}.`)) continue;
    const match = /^((?:retry|internal|external)\.)?upstream_rq_(\d)(\d\d)$/.exec(
      name.slice(scope.length + 1),
    );
    if (match === null) continue;
    const [, from = '', digit, rest] = match;
    add(sums, `${from}upstream_rq_${digit}xx`, value, `${from}upstream_rq_${digit}..`);
    if (from === 'internal.' || from === 'external.') {
      const code = `upstream_rq_${digit}${rest}`;
      add(sums, code, value, `internal.${code} + external.${code}`);
    }
  }
  for (const [name, { sum, terms }] of sums) {
    const counted = stats.get(`${scope}.${name}`) ?? 0;
    // What has no class has no counter of it.
    const isClass = /[2-5]xx$/.test(name) || !name.endsWith('xx');
    if (isClass && counted !== sum) {
      problems.push(`${scope}: ${name} is ${counted}, but ${terms} together are ${sum}`);
    }
  }
  const codes = [...stats].filter(([name]) => name.startsWith(`${scope}.retry.upstream_rq_`));
  const thrownAway = codes
    .filter(([name]) => /\d{3}$/.test(name))
    .reduce((sum, [, value]) => sum + value, 0);
  const equation = 'retry.upstream_rq_... <= upstream_rq_retry';
  const retries = stats.get(`${scope}.upstream_rq_retry`) ?? 0;
  if (thrownAway > retries) {
    problems.push(`${scope}: it must be that ${equation}, but ${thrownAway} is not <= ${retries}`);
  }
  return problems;
}

function add(sums, name, value, terms) {
  const { sum = 0 } = sums.get(name) ?? {};
  sums.set(name, { sum: sum + value, terms });
}

/** What is counted for a listener is counted for its connection manager as well. */
function checkListeners(stats) {
  const problems = [];
  for (const name of stats.keys()) {
    const match = /^(listener\.[^.]+\.[^.]+\.[^.]+\.[^.]+)\.http\.([^.]+)\.(.+)$/.exec(name);
    // That of outbound calls is passed by, and that of LDS keeps counters as long as it lasts.
    if (match === null || ['egress', extraListener].includes(match[2])) continue;
    const [, listener, door, counter] = match;
    const pairs = [
      [name, `http.${door}.${counter}`],
      [`${listener}.downstream_cx_total`, `http.${door}.downstream_cx_total`],
      [`${listener}.downstream_cx_active`, `http.${door}.downstream_cx_active`],
    ];
    for (const [left, right] of pairs) {
      if (stats.get(left) !== stats.get(right)) {
        problems.push(`${left} is ${stats.get(left)}, but ${right} is ${stats.get(right)}`);
      }
    }
  }
  return [...new Set(problems)];
}

/** The names that stand between a prefix and a statistic. */
function findScopes(stats, prefix, statistic) {
  return [...stats.keys()]
    .filter((name) => name.startsWith(`${prefix}.`) && name.endsWith(`.${statistic}`))
    .map((name) => name.slice(prefix.length + 1, -statistic.length - 1))
    .filter((name) => !name.includes('.'));
}
