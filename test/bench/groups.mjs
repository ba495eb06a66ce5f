/** What is measured against what. The order is the order of the tables. */

import { findCommand } from './processes.mjs';

const netSocket = { name: 'bare sockets', script: 'outbound/net-socket.mjs' };
const undiciRequest = { name: 'undici.request', script: 'outbound/undici-request.mjs' };

/**
 * `load` says who makes the requests: the load process, or the contender itself. The targets are
 * the most that a row may have of what is compared, CPU time per request unless `compared` says
 * otherwise, as a share of the reference.
 *
 * `note` is said above the table.
 *
 * A contender with a `server` needs that command. `through` names a proxy that is started for the
 * contender alone, where load and upstream are, and stands between it and the hosts.
 */
const groups = [
  {
    name: 'proxy',
    title: 'Proxy: a listener in front of two hosts',
    load: 'process',
    concurrencies: [16],
    reference: 'http-proxy',
    targets: { pillion: 0.6 },
    contenders: [
      { name: 'pillion', script: 'proxy/pillion.mjs' },
      { name: 'pillion, access log', script: 'proxy/pillion.mjs', settings: { accessLog: true } },
      { name: 'http-proxy', script: 'proxy/http-proxy.mjs' },
      { name: 'http-proxy-3', script: 'proxy/http-proxy-3.mjs' },
      { name: 'httpxy', script: 'proxy/httpxy.mjs' },
      { name: 'fast-proxy', script: 'proxy/fast-proxy.mjs' },
      { name: '@fastify/reply-from', script: 'proxy/reply-from.mjs' },
      { name: 'undici dispatch', script: 'proxy/undici-dispatch.mjs' },
      { name: 'nginx', script: 'proxy/nginx.mjs', server: 'nginx' },
      { name: 'haproxy', script: 'proxy/haproxy.mjs', server: 'haproxy' },
    ],
  },
  {
    name: 'outbound',
    title: 'Outbound: calls of an application to one host',
    load: 'contender',
    concurrencies: [16, 1],
    reference: 'undici.request',
    targets: { 'sidecar.request': 0.85 },
    contenders: [
      sidecarCalls('request'),
      { ...sidecarCalls('request', 'all'), name: 'sidecar.request, failure-rate breaker' },
      { ...sidecarCalls('request', 'few'), name: 'sidecar.request, no route, static' },
      undiciRequest,
      { name: 'undici Pool.request', script: 'outbound/undici-pool.mjs' },
      { name: 'http.get', script: 'outbound/http-get.mjs' },
    ],
  },
  {
    name: 'outbound/fetch',
    title: 'Outbound: fetch',
    load: 'contender',
    concurrencies: [16],
    reference: 'fetch',
    targets: { 'sidecar.fetch': 1.1 },
    contenders: [sidecarCalls('fetch'), { name: 'fetch', script: 'outbound/fetch.mjs' }],
  },
  {
    name: 'outbound/undici',
    title: 'Outbound: the functions of undici',
    load: 'contender',
    concurrencies: [16],
    reference: 'undici.request',
    targets: {},
    contenders: [
      { ...sidecarCalls('dispatcher'), name: 'undici.request, sidecar.dispatcher' },
      undiciRequest,
    ],
  },
  {
    name: 'outbound/axios',
    title: 'Outbound: axios',
    load: 'contender',
    concurrencies: [16],
    reference: 'axios, keep-alive agent',
    targets: { 'axios, sidecar.agent': 1.5 },
    contenders: [
      { ...sidecarCalls('axios'), name: 'axios, sidecar.agent' },
      { name: 'axios, keep-alive agent', script: 'outbound/axios.mjs' },
    ],
  },
  {
    name: 'outbound/hop',
    title: 'Outbound: latency without and with the hop to a sidecar of its own process',
    load: 'contender',
    concurrencies: [1],
    compared: 'p50Ms',
    reference: 'undici.request, haproxy',
    targets: { 'sidecar.request': 0.65 },
    contenders: [
      sidecarCalls('request'),
      {
        ...undiciRequest,
        name: 'undici.request, haproxy',
        server: 'haproxy',
        through: 'proxy/haproxy.mjs',
      },
    ],
  },
  {
    name: 'outbound/crowd',
    title: 'Outbound: 1,000 calls at once',
    note: 'Each has a connection of its own. The bare sockets write the bytes of a request and wait for those of the\nresponse, and nothing else: what they cost more at 1,000 than at 10 is what Node.js and the system ask for sockets.',
    load: 'contender',
    reference: 'sidecar.request, 10 at a time',
    targets: { 'sidecar.request, 1,000 at a time': 1.2 },
    contenders: [
      { ...sidecarCalls('request'), name: 'sidecar.request, 1,000 at a time', concurrency: 1000 },
      { ...sidecarCalls('request'), name: 'sidecar.request, 10 at a time', concurrency: 10 },
      { ...undiciRequest, name: 'undici.request, 1,000 at a time', concurrency: 1000 },
      // What a thousand sockets cost by themselves, so that it can be told from what is ours.
      { ...netSocket, name: 'bare sockets, 1,000 at a time', concurrency: 1000 },
      { ...netSocket, name: 'bare sockets, 10 at a time', concurrency: 10 },
    ],
  },
  {
    name: 'outbound/tracing',
    title: 'Outbound: OpenTelemetry with a sampler that takes nothing',
    load: 'contender',
    concurrencies: [16],
    reference: 'sidecar.request, the SDK called by hand',
    targets: {},
    contenders: [
      sidecarCalls('request'),
      { ...unsampledCalls('sidecar'), name: 'sidecar.request, traced by the sidecar' },
      { ...unsampledCalls('application'), name: 'sidecar.request, the SDK called by hand' },
    ],
  },
  {
    name: 'inbound',
    title: 'Inbound: an application behind a listener',
    load: 'process',
    concurrencies: [16],
    reference: 'bare node:http',
    targets: { 'pillion, mount': 1.35 },
    contenders: [
      { name: 'pillion, mount', script: 'inbound/pillion-mount.mjs' },
      { name: 'bare node:http', script: 'inbound/bare-server.mjs' },
    ],
  },
];

/** Calls of an application that has a sidecar: see contenders/outbound/sidecar.mjs. */
function sidecarCalls(kind, features = 'most') {
  return {
    name: `sidecar.${kind}`,
    script: `outbound/sidecar-${kind}.mjs`,
    settings: { features },
  };
}

/** The same with OpenTelemetry that samples nothing: see sidecar-request-unsampled.mjs. */
function unsampledCalls(tracing) {
  const { settings } = sidecarCalls('request');
  return {
    script: 'outbound/sidecar-request-unsampled.mjs',
    settings: { ...settings, tracing },
  };
}

/** Returns the names that `--group` may ask for: each group, and those that belong together. */
export function groupNames() {
  return groups.map(({ name }) => name);
}

/** Whether a group is the one of that name, or one of those behind it: `outbound/fetch`. */
export function isOfGroup(name, asked) {
  return name === asked || name.startsWith(`${asked}/`);
}

/**
 * Returns the groups and contenders that the options ask for and this machine has, and a note for
 * each that is left out. A group's reference always runs: without it there is no ratio, and so a
 * group whose reference is not there is left out whole.
 */
export function selectGroups({ group, only }) {
  const isNamed = ({ name }) => only === undefined || only.some((part) => name.includes(part));
  const isAsked = ({ name }) => group?.some((asked) => isOfGroup(name, asked)) ?? true;
  const notes = [];
  const findServer = (contender) => {
    const { name, server, settings } = contender;
    if (server === undefined) return [contender];
    const command = process.platform === 'linux' ? findCommand(server) : undefined;
    if (command !== undefined) return [{ ...contender, settings: { ...settings, command } }];
    notes.push(`${name} was left out: ${server} is not installed, or this is not Linux.`);
    return [];
  };
  const selected = groups
    .filter((each) => isAsked(each) && each.contenders.some(isNamed))
    .map(({ contenders, ...rest }) => {
      const wanted = contenders.filter((each) => isNamed(each) || each.name === rest.reference);
      return { ...rest, contenders: wanted.flatMap(findServer) };
    })
    .filter(({ title, reference, contenders, targets }) => {
      if (contenders.some(({ name }) => name === reference)) return true;
      const unmeasured = Object.keys(targets).map((name) => `${name} against ${reference}`);
      notes.push(`"${title}" was left out, so this was not measured: ${unmeasured.join(', ')}.`);
      return false;
    });
  return { selected, notes };
}
