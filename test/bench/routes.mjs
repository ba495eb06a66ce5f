/**
 * Measures what choosing a route costs, by the size of the route table: `npm run bench:routes`.
 *
 * Exits with 1 if a target is missed. `--help` says what can be changed.
 */

import { join, resolve } from 'node:path';
import { readArguments } from './arguments.mjs';
import { median } from './statistics.mjs';

const help = `Usage: node test/bench/routes.mjs [options]

Measures what choosing a route costs, by the size of the route table.

  --rounds N   how often everything is measured, 1 to 1000 (default 9)
  --dist DIR   which build (default dist)
  --help       print this

Exit codes: 0 every target met, 1 one was missed or something failed, 2 wrong usage.
`;

const options = readArguments(help, {
  rounds: { type: 'string', default: '9', range: [1, 1000] },
  dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
});
const load = (file) => import(join(resolve(options.dist), 'lib', file));
const { createDefaultRoute } = await load('config/default-route.js');
const { RouteTable } = await load('router/route-table.js');

/** How long one round of one case takes, at least. */
const roundMs = 40;
/** Requests that are made at a time, and then timed. */
const requestCount = 2000;
/**
 * How many virtual hosts or prefixes the requests are for, at every size: so the cost of finding is
 * compared, and not that of fetching ever more of the table from memory.
 */
const busyCount = 10;
/** Coprime to the sizes, so that neighbors in the table are not asked for in turn. */
const stride = 7919;
const maxRatio = 1.5;
const maxPrefixNs = 5000;

function createTable(virtualHosts) {
  const none = { virtualClusters: [], rateLimits: [], requestHeadersToAdd: [] };
  const rest = { name: 'v', requireSsl: undefined, cors: undefined, ...none };
  return new RouteTable({
    virtualHosts: virtualHosts.map((virtualHost) => ({ ...rest, ...virtualHost })),
    validateClusters: true,
    internalOnlyHeaders: [],
    requestHeadersToAdd: [],
    responseHeadersToAdd: [],
    responseHeadersToRemove: [],
  });
}

function prefixRoute(prefix) {
  const route = createDefaultRoute('app');
  const path = { kind: 'prefix', prefix, caseSensitive: true };
  return { ...route, match: { ...route.match, path } };
}

/** A text as the codecs make it for each request anew: in one piece, and never hashed before. */
function received(bytes) {
  return bytes.latin1Slice();
}

/** Returns a function that makes so many requests as they would be received. */
function createReceiver(count, partsOf) {
  const parts = Array.from({ length: count }, (_, i) => {
    const { authority = 'any.example.com', path = '/' } = partsOf(i);
    return { path: Buffer.from(path, 'latin1'), authority: Buffer.from(authority, 'latin1') };
  });
  return () =>
    parts.map(({ path, authority }) => ({
      requestHead: {
        method: 'GET',
        path: received(path),
        authority: received(authority),
        headers: [],
      },
      stableRandom: 0,
    }));
}

/** One virtual host for each of `count` domains. */
function hostCase(name, count, domainOf, { authorityOf = domainOf, busy = busyCount } = {}) {
  const virtualHosts = Array.from({ length: count }, (_, i) => ({
    domains: [domainOf(i)],
    routes: [prefixRoute('/')],
  }));
  const table = createTable(virtualHosts);
  const partsOf = (i) => ({ authority: authorityOf(((i % busy) * stride) % count) });
  return { name, count, table, receive: createReceiver(Math.max(requestCount, busy), partsOf) };
}

/** One virtual host with a route for each of `count` prefixes. */
function prefixCase(name, count, prefixOf, pathOf) {
  const routes = Array.from({ length: count }, (_, i) => prefixRoute(prefixOf(i)));
  const table = createTable([{ domains: ['*'], routes }]);
  const partsOf = (i) => ({ path: pathOf(((i % busyCount) * stride) % count) });
  return { name, count, table, receive: createReceiver(requestCount, partsOf) };
}

/** As long at every size. */
const numbered = (i) => `service-${String(i).padStart(5, '0')}`;
const exact = (i) => `${numbered(i)}.example.com`;
const suffix = (i) => `.${numbered(i)}.example.com`;
/** Suffixes of 240 lengths. */
const longSuffix = (i) => `.${'x'.repeat(i % 240)}${i}.com`;
const service = (i) => `/${numbered(i)}/`;
const longest = `/${'a'.repeat(65_535)}`;

const sizes = [10, 1000, 10_000];
const wildcard = (i) => `*${suffix(i)}`;
const longWildcard = (i) => `*${longSuffix(i)}`;
const inSuffix = (i) => `a${suffix(i)}`;
const inLongSuffix = (i) => `a${longSuffix(i)}`;

/** What is measured at several sizes, and the targets if there are any. */
const families = [
  { create: (count) => hostCase('hosts, exact', count, exact), maxRatio },
  {
    create: (count) => hostCase('hosts, wildcards', count, wildcard, { authorityOf: inSuffix }),
    maxRatio,
  },
  {
    create: (count) =>
      hostCase('hosts, wildcards of 240 lengths', count, longWildcard, {
        authorityOf: inLongSuffix,
      }),
  },
  { create: (count) => hostCase('hosts, exact, all busy', count, exact, { busy: count }) },
  {
    create: (count) =>
      hostCase('hosts, wildcards, all busy', count, wildcard, {
        authorityOf: inSuffix,
        busy: count,
      }),
  },
  {
    create: (count) =>
      prefixCase('prefixes', count, service, (i) => `${service(i)}users/42?page=2`),
    maxNs: maxPrefixNs,
  },
  {
    create: (count) =>
      prefixCase('prefixes, none matches', count, service, (i) => `/servicf-${i}/`),
    maxNs: maxPrefixNs,
  },
  { create: createNestedCase },
];

/** Each prefix is one character longer than the last, and the path has them all. */
function createNestedCase(count) {
  const prefixOf = (i) => `/${'a'.repeat(count - i)}`;
  const nested = prefixCase('nested prefixes, path of 64 KB', count, prefixOf, () => '/');
  return { ...nested, receive: createReceiver(4, () => ({ path: longest })) };
}

/** Returns nanoseconds for each request. Making the requests is not timed. */
function measure({ table, receive }, timeMs) {
  const end = performance.now() + timeMs;
  let count = 0;
  let ns = 0n;
  while (performance.now() < end) {
    const requests = receive();
    const start = process.hrtime.bigint();
    for (const request of requests) {
      matched += table.match(request) === undefined ? 0 : 1;
    }
    ns += process.hrtime.bigint() - start;
    count += requests.length;
  }
  return Number(ns) / count;
}

/** Adds its figures to each case. Rounds go over all cases, so that a busy moment hits them alike. */
function measureAll(cases, rounds) {
  for (const each of cases) {
    measure(each, roundMs);
  }
  for (let round = 0; round < rounds; round++) {
    for (const each of cases) {
      each.figures = [...(each.figures ?? []), measure(each, roundMs)];
    }
  }
}

function report({ cases, maxRatio, maxNs }) {
  const [smallest] = cases;
  let isMissed = false;
  for (const { name, count, figures } of cases) {
    const ns = median(figures);
    const ratio = ns / median(smallest.figures);
    const isWithin = !(ratio > maxRatio) && !(ns > maxNs);
    const targets = [
      ...(maxRatio === undefined ? [] : [`at most x${maxRatio}`]),
      ...(maxNs === undefined ? [] : [`under ${maxNs} ns`]),
    ];
    const verdict =
      targets.length === 0 ? '' : `${targets.join(', ')}: ${isWithin ? 'met' : 'MISSED'}`;
    const cells = [
      name.padEnd(32),
      String(count).padStart(6),
      `${ns.toFixed(0)} ns`.padStart(10),
      `x${ratio.toFixed(2)}`.padStart(7),
    ];
    console.log(`${cells.join(' ')}  ${verdict}`.trimEnd());
    isMissed ||= !isWithin;
  }
  return isMissed;
}

let matched = 0;
const measured = families.map(({ create, ...targets }) => ({
  ...targets,
  cases: sizes.map(create),
}));
measureAll(
  measured.flatMap(({ cases }) => cases),
  options.rounds,
);
console.log(`Node.js ${process.version}, median of ${options.rounds} rounds, for each request`);
const missed = measured.map(report);
process.exitCode = matched === 0 || missed.includes(true) ? 1 : 0;
