/**
 * What a call is, and what becomes of it at its host. Both sides draw it from the same seed, so that
 * each knows what the other is to do.
 */

import { Random } from '../soak/random.mjs';
import { maxBodyBytes } from './bodies.mjs';

export const doors = ['request', 'fetch', 'dispatcher', 'agent'];

/**
 * What a route does about failures, and how often a request comes to hosts at most, by what may be
 * sent again of it: see `maxArrivals`.
 */
export const routes = {
  /** No policy at all. */
  once: { cluster: 'app' },
  /** A policy that names no methods, so that a POST is tried again as well. */
  again: { cluster: 'app', retry_policy: { retry_on: '5xx', num_retries: 3 } },
  /** One of four hosts refuses connections; what it refuses has not come to any. */
  partly: { cluster: 'partly', retry_policy: { retry_on: 'connect-failure', num_retries: 3 } },
  /** All hosts refuse connections. */
  refused: { cluster: 'refused', retry_policy: { retry_on: 'connect-failure', num_retries: 1 } },
};

/** What a client of `node:http` surely writes at once. */
const maxOnePieceBytes = 16_000;
const routeWeights = { once: 40, again: 40, partly: 15, refused: 5 };

/**
 * What the host does with the first arrival of a call; all others it serves. `before`: it breaks the
 * connection before any byte of a response, `head`: in the midst of the head, `body`: of the body,
 * `end`: behind the last byte of a chunked body, whose end it does not say, `after`: at the moment at which
 * the response is complete. `idle` and `close` break and close it a little later, when somebody else
 * may have it; `unavailable` is a 503, `early` an answer ahead of the request body.
 */
const faultWeights = {
  none: 1500,
  slow: 80,
  before: 60,
  head: 40,
  body: 60,
  end: 20,
  after: 40,
  idle: 30,
  close: 30,
  unavailable: 20,
  early: 20,
};

/** Faults behind which there is no whole response of that arrival. */
export const brokenFaults = new Set(['before', 'head', 'body', 'end']);
/** Those of which the caller hears nothing but that there is no response. */
export const silentFaults = new Set(['before', 'head']);
/** Those after which the response is whole and good, and surely on its way. */
export const goodFaults = new Set(['none', 'slow', 'idle', 'close']);

/** Returns the plan of the call with this id. */
export function planOf(seed, id) {
  const random = new Random(seed ^ Math.imul(id, 0x9e3779b1));
  const route = random.pickWeighted(routeWeights);
  const isPost = random.chance(0.4);
  const isAborted = random.chance(0.06);
  const fault = random.pickWeighted(faultWeights);
  const isChunked = random.chance(0.4) || fault === 'end';
  const door = doors[id % doors.length];
  const requestLength = isPost ? drawLength(random) : 0;
  const responseLength = drawLength(random) + (brokenFaults.has(fault) ? 1 : 0);
  return {
    id,
    door,
    route,
    method: isPost ? 'POST' : 'GET',
    /** Whether it may be sent again where a reused connection turns out to be dead. */
    isIdempotent: !isPost,
    /** `whole` is at hand when the request begins. */
    form: isPost ? drawForm(random, door, requestLength) : 'none',
    requestLength,
    responseLength,
    fault,
    isChunked,
    /** With a reset, and not just closed. */
    isReset: random.chance(0.7),
    /** Before the request body has been read. */
    isHasty: random.chance(0.3),
    /** Where it is broken off, in the head or the body. */
    share: random.fraction(),
    /** After so many milliseconds the caller gives up. */
    abortAfterMs: isAborted ? random.integer(0, 25) : undefined,
    /** Which of the ways of its door it takes: to send it, to hear of it, to read. */
    way: random.integer(0, 3),
  };
}

function drawForm(random, door, length) {
  const form = random.pick(['whole', 'whole', 'pieces', 'stream']);
  // Fetch makes pieces of everything, and a client of node:http of what is long.
  const isSplit = door === 'fetch' || (door === 'agent' && length > maxOnePieceBytes);
  return form === 'whole' && isSplit ? 'pieces' : form;
}

/** Names a call, with what is needed to know it again. */
export function describePlan({ id, door, way, route, method, form, fault, abortAfterMs }) {
  const abort = abortAfterMs === undefined ? '' : `, given up after ${abortAfterMs} ms`;
  return `${method} ${id} by ${door} (way ${way}) on ${route}, ${form}, ${fault}${abort}`;
}

/** Mostly small, as calls are, and now and then more than fits into any buffer on the way. */
function drawLength(random) {
  const kind = random.fraction();
  if (kind < 0.04) return 0;
  if (kind < 0.75) return random.integer(1, 1000);
  if (kind < 0.98) return random.integer(1000, 16_384);
  return random.integer(16_384, maxBodyBytes - 1);
}

/**
 * How often a request comes to hosts at most. Those of a method that must not be repeated come once,
 * unless the policy of their route says otherwise; others once more, on a fresh connection, if a
 * reused one has died before any byte of a response.
 */
export function maxArrivals({ route, isIdempotent }) {
  const retries = route === 'again' ? routes.again.retry_policy.num_retries : 0;
  return 1 + retries + (isIdempotent ? 1 : 0);
}
