import { networkInterfaces } from 'node:os';
import { isLoopbackAddress } from '../../base/ip-address.js';
import {
  type DnsQuestion,
  type DnsResult,
  systemDnsResolver,
  toAnswer,
} from '../discovery/dns-resolver.js';
import { type HostsFile, ofFamily } from './hosts-file.js';
import type { PolledFile } from './polled-file.js';
import { RecordSearch, type SearchResult } from './record-search.js';
import { defaultResolvConf, type ResolvConf } from './resolv-conf.js';
import { searchNames } from './search-names.js';
import type { ServerQuery } from './server-query.js';

/** What look-ups are made with. */
export interface LookupSources {
  readonly hosts: PolledFile<HostsFile>;
  readonly resolvConf: PolledFile<ResolvConf>;
  readonly query: ServerQuery;
}

/** Whom to ask for a question, and by which names. */
export interface PreparedSearch {
  readonly search: RecordSearch;
  readonly names: readonly string[];
}

/**
 * Returns how to search for the name of a question; `undefined` if there is no server to ask: the
 * system has no `resolv.conf`, and the question names none.
 */
export async function prepareSearch(
  { name, resolvers }: Pick<DnsQuestion, 'name' | 'resolvers'>,
  { resolvConf, query }: LookupSources,
  signal: AbortSignal,
): Promise<PreparedSearch | undefined> {
  const found = await resolvConf.read();
  if (found === undefined && resolvers.length === 0) {
    return undefined;
  }
  const conf = found ?? defaultResolvConf;
  const servers = resolvers.length > 0 ? resolvers : conf.nameservers;
  const { timeoutMs, attempts, isRotating } = conf;
  const choice = { servers, timeoutMs, attempts, isRotating };
  return { search: new RecordSearch(query, choice, signal), names: searchNames(name, conf) };
}

/** Returns the addresses of a name: by the machine itself, by its hosts file, by its servers. */
export async function lookUpName(
  question: DnsQuestion,
  sources: LookupSources,
  signal: AbortSignal,
): Promise<DnsResult> {
  const { name, family } = question;
  const plainName = name.replace(/\.$/, '').toLowerCase();
  const listed = (await sources.hosts.read())?.get(plainName) ?? [];
  if (plainName === 'localhost' || plainName.endsWith('.localhost')) {
    // Loopback whatever anybody says (RFC 6761, section 6.3).
    const loopback = listed.filter(isLoopbackAddress);
    return toAnswer(
      name,
      ofFamily(loopback.length > 0 ? loopback : ownLoopback(), family),
      undefined,
    );
  }
  const addresses = ofFamily(listed, family);
  if (addresses.length > 0) {
    return toAnswer(name, addresses, undefined);
  }
  const prepared = await prepareSearch(question, sources, signal);
  if (prepared === undefined) {
    return await askSystem(question, signal);
  }
  return toResult(name, await prepared.search.findAddresses(prepared.names, family));
}

function toResult(name: string, result: SearchResult<string>): DnsResult {
  switch (result.kind) {
    case 'found':
      return toAnswer(name, [...new Set(result.values)], result.ttlMs);
    case 'none':
      return toAnswer(name, [], undefined);
    default:
      return { kind: 'failure', reason: result.reason };
  }
}

function ownLoopback(): readonly string[] {
  const hasV6 = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .some(({ address }) => address === '::1');
  return hasV6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}

function askSystem(question: DnsQuestion, signal: AbortSignal): Promise<DnsResult> {
  return new Promise((resolve) => {
    const cancel = systemDnsResolver.resolve(question, resolve);
    const onAbort = (): void => {
      cancel();
      resolve({ kind: 'failure', reason: 'given up' });
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
