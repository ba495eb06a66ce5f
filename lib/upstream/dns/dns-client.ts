import { isIP } from 'node:net';
import type { Clock } from '../../base/clock.js';
import { formatHostPort } from '../../config/address.js';
import { DnsStats } from '../../telemetry/stats/dns-stats.js';
import type { StatsStore } from '../../telemetry/stats/stats-store.js';
import {
  type DnsQuestion,
  type DnsResolver,
  type DnsResult,
  toAnswer,
} from '../discovery/dns-resolver.js';
import { hostsFilePath, parseHostsFile } from './hosts-file.js';
import { type LookupSources, lookUpName } from './name-lookup.js';
import { PolledFile } from './polled-file.js';
import { parseResolvConf } from './resolv-conf.js';
import { ServerQuery } from './server-query.js';
import { isServiceName, lookUpService } from './service-lookup.js';
import { SharedLookups } from './shared-lookups.js';

/** What the client needs; tests put files of their own in the place of the system's. */
export interface DnsClientOptions {
  readonly clock: Clock;
  /** Default: `/etc/resolv.conf`. */
  readonly resolvConfPath?: string;
  /** Default: `/etc/hosts`. */
  readonly hostsPath?: string;
}

/** Returns the client of a sidecar, whose statistics `stats` shows as `dns.`. */
export function createDnsClient(clock: Clock, stats: StatsStore): DnsClient {
  const client = new DnsClient({ clock });
  stats.register('dns', client.stats);
  return client;
}

/**
 * Our DNS client. It asks the servers itself, as Envoy does, so that the event loop's few threads
 * stay free, cancelled look-ups end, and the time to live is known.
 *
 * Sockets and timers are there while somebody waits for a result, and hold no process; when every
 * question is answered or given up, nothing is left to close.
 */
export class DnsClient implements DnsResolver {
  readonly stats: DnsStats = new DnsStats();
  readonly #sources: LookupSources;
  readonly #lookups: SharedLookups;

  constructor({ clock, resolvConfPath, hostsPath }: DnsClientOptions) {
    this.#sources = {
      hosts: new PolledFile(hostsPath ?? hostsFilePath(), clock, parseHostsFile),
      resolvConf: new PolledFile(resolvConfPath ?? '/etc/resolv.conf', clock, parseResolvConf),
      query: new ServerQuery(clock, this.stats),
    };
    this.#lookups = new SharedLookups(clock, this.stats);
  }

  /** How many look-ups are under way. */
  get activeCount(): number {
    return this.#lookups.size;
  }

  resolve(question: DnsQuestion, onResult: (result: DnsResult) => void): () => void {
    const { name, family, resolvers } = question;
    const key = `${family} ${name} ${resolvers.map(formatHostPort).join()}`;
    return this.#lookups.join(key, (signal) => this.#lookUp(question, signal), onResult);
  }

  async #lookUp(question: DnsQuestion, signal: AbortSignal): Promise<DnsResult> {
    const { name } = question;
    if (isIP(name) !== 0) {
      return toAnswer(name, [name], undefined);
    }
    return isServiceName(name)
      ? await lookUpService(question, this.#sources, signal)
      : await lookUpName(question, this.#sources, signal);
  }
}
