/** What is measured against what. The order is the order of the tables. */

import { findCommand } from './processes.mjs';

/** The contenders that are servers of their own, and not there everywhere. */
const servers = ['nginx', 'haproxy'];

/**
 * `load` says who makes the requests: the load process, or the contender itself. The targets are
 * the most that a row may cost, as a share of the reference.
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
      { name: 'nginx', script: 'proxy/nginx.mjs' },
      { name: 'haproxy', script: 'proxy/haproxy.mjs' },
    ],
  },
  {
    name: 'outbound',
    title: 'Outbound: calls of an application to one host',
    load: 'contender',
    concurrencies: [16, 1],
    reference: 'undici.request',
    targets: { 'sidecar.request, static': 1, 'sidecar.request, sds': 1 },
    contenders: [
      sidecarRequest('static'),
      sidecarRequest('sds'),
      { name: 'undici.request', script: 'outbound/undici-request.mjs' },
      { name: 'undici Pool.request', script: 'outbound/undici-pool.mjs' },
      { name: 'http.get', script: 'outbound/http-get.mjs' },
      { name: 'fetch', script: 'outbound/fetch.mjs' },
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

function sidecarRequest(discovery) {
  const name = `sidecar.request, ${discovery}`;
  return { name, script: 'outbound/sidecar-request.mjs', settings: { discovery } };
}

/**
 * Returns the groups and contenders that the options ask for and this machine has, and a note for
 * each that is left out. A group's reference always runs: without it there is no ratio.
 */
export function selectGroups({ group, only }) {
  const isNamed = ({ name }) => only === undefined || only.some((part) => name.includes(part));
  const notes = [];
  const findServer = (contender) => {
    if (!servers.includes(contender.name)) return [contender];
    const command = process.platform === 'linux' ? findCommand(contender.name) : undefined;
    if (command !== undefined) return [{ ...contender, settings: { command } }];
    notes.push(`${contender.name} was left out: it is not installed, or this is not Linux.`);
    return [];
  };
  const selected = groups
    .filter(({ name, contenders }) => (group?.includes(name) ?? true) && contenders.some(isNamed))
    .map(({ contenders, ...rest }) => {
      const wanted = contenders.filter((each) => isNamed(each) || each.name === rest.reference);
      return { ...rest, contenders: wanted.flatMap(findServer) };
    });
  return { selected, notes };
}
