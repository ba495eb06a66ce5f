import { quoteText } from '../../config/describe-value.js';
import type { DnsHost, DnsQuestion, DnsResult } from '../discovery/dns-resolver.js';
import type { ServiceRecord } from './dns-records.js';
import { type LookupSources, lookUpName, prepareSearch } from './name-lookup.js';
import { isDnsName } from './search-names.js';

/** Targets beyond these are passed over: each is a look-up of its own. */
const maxTargets = 256;

/** Hosts beyond these are passed over: every target may have a thousand addresses. */
const maxHosts = 1000;

/** The greatest weight of a host: reference 4.2. */
const maxWeight = 128;

/** Whether a name is that of a service, as `_http._tcp.orders.internal`: RFC 2782. */
export function isServiceName(name: string): boolean {
  return /^_[^.]+\._[^.]+\.[^.]/.test(name);
}

/**
 * Returns the addresses of the targets of a service, with port and weight, those of the lowest
 * priority number only. Targets that cannot be looked up are missing, unless all of them are: then
 * nothing is known.
 */
export async function lookUpService(
  question: DnsQuestion,
  sources: LookupSources,
  signal: AbortSignal,
): Promise<DnsResult> {
  const prepared = await prepareSearch(question, sources, signal);
  if (prepared === undefined) {
    return { kind: 'failure', reason: 'there is no resolv.conf, and no resolver is configured' };
  }
  const result = await prepared.search.findServices(prepared.names);
  if (result.kind === 'none') {
    return { kind: 'answer', hosts: [], ttlMs: undefined, missing: undefined };
  }
  if (result.kind !== 'found') {
    return { kind: 'failure', reason: result.reason };
  }
  const first = Math.min(...result.values.map(({ priority }) => priority));
  const records = result.values.filter(({ priority }) => priority === first).slice(0, maxTargets);
  const targets = await Promise.all(
    records.map(({ target }) => lookUpTarget({ ...question, name: target }, sources, signal)),
  );
  return mergeTargets(records, targets, result.ttlMs ?? 0);
}

function lookUpTarget(
  question: DnsQuestion,
  sources: LookupSources,
  signal: AbortSignal,
): Promise<DnsResult> {
  const { name } = question;
  if (!isDnsName(name)) {
    // A stranger has written it, with line ends perhaps, and it may become a `Host`.
    return Promise.resolve({ kind: 'failure', reason: 'it is no name that DNS can carry' });
  }
  // The names of targets are complete: they are in no search domain.
  return lookUpName({ ...question, name: `${name}.` }, sources, signal);
}

function mergeTargets(
  records: readonly ServiceRecord[],
  targets: readonly DnsResult[],
  recordsTtlMs: number,
): DnsResult {
  const hosts: DnsHost[] = [];
  const hostNames: string[] = [];
  let reason = '';
  let ttlMs = recordsTtlMs;
  const heaviest = Math.max(...records.map(({ weight }) => weight));
  for (const [index, { target, port, weight }] of records.entries()) {
    const result = targets[index];
    if (result?.kind === 'answer') {
      ttlMs = Math.min(ttlMs, result.ttlMs ?? ttlMs);
      const hostWeight = toHostWeight(weight, heaviest);
      for (const { address } of result.hosts) {
        hosts.push({ address, hostName: target, port, weight: hostWeight });
      }
    } else if (result !== undefined) {
      hostNames.push(target);
      reason = `${isDnsName(target) ? target : quoteText(target)}: ${result.reason}`;
    }
  }
  if (hostNames.length === records.length) {
    return { kind: 'failure', reason };
  }
  const missing = hostNames.length === 0 ? undefined : { hostNames, reason };
  return { kind: 'answer', hosts: hosts.slice(0, maxHosts), ttlMs, missing };
}

/** Weights of services go up to 65,535; if any is too great for a host, all are made smaller. */
function toHostWeight(weight: number, heaviest: number): number {
  const scaled = heaviest > maxWeight ? Math.round((weight * maxWeight) / heaviest) : weight;
  return Math.max(1, scaled);
}
