import type { DnsLookupFamily } from '../../config/cluster-config.js';
import { type Found, readAddresses, readServices, type ServiceRecord } from './dns-records.js';
import type { QueryResult, ServerChoice, ServerQuery } from './server-query.js';

/** What the servers know of a name. */
export type SearchResult<T> =
  | ({ readonly kind: 'found' } & Found<T>)
  /** The name does not exist, or has no such record. */
  | { readonly kind: 'none' }
  | Exclude<QueryResult, { kind: 'answer' }>;

/** Asks the same servers for a name, in whichever of its search domains it is. */
export class RecordSearch {
  readonly #query: ServerQuery;
  readonly #choice: ServerChoice;
  readonly #signal: AbortSignal;

  constructor(query: ServerQuery, choice: ServerChoice, signal: AbortSignal) {
    this.#query = query;
    this.#choice = choice;
    this.#signal = signal;
  }

  /** Returns the addresses of the first of `names` that has any. */
  findAddresses(names: readonly string[], family: DnsLookupFamily): Promise<SearchResult<string>> {
    return findFirst(names, (name) => this.#askFamily(name, family));
  }

  /** Returns where the service is, by the first of `names` that says so. */
  findServices(names: readonly string[]): Promise<SearchResult<ServiceRecord>> {
    return findFirst(names, async (name) => {
      const result = await this.#query.ask(name, 'SRV', this.#choice, this.#signal);
      return result.kind === 'answer'
        ? toSearchResult(name, readServices(result.records, name))
        : result;
    });
  }

  async #askFamily(name: string, family: DnsLookupFamily): Promise<SearchResult<string>> {
    if (family !== 'auto') {
      return await this.#askAddresses(name, family === 'v4_only' ? 'A' : 'AAAA');
    }
    // Both are asked even if the name does not exist by the first answer: there are servers that say
    // so of every name without an IPv6 address.
    const v6 = await this.#askAddresses(name, 'AAAA');
    if (v6.kind === 'found') {
      return v6;
    }
    const v4 = await this.#askAddresses(name, 'A');
    return v4.kind === 'none' ? v6 : v4;
  }

  async #askAddresses(name: string, type: 'A' | 'AAAA'): Promise<SearchResult<string>> {
    const result = await this.#query.ask(name, type, this.#choice, this.#signal);
    return result.kind === 'answer'
      ? toSearchResult(name, readAddresses(result.records, name, type))
      : result;
  }
}

/**
 * A server that cannot tell for one domain may know the name in the next, as in the C library; but
 * the name then counts as unknown, not as missing, if no other one has it. Silence ends the search:
 * it would last as long for each domain.
 */
async function findFirst<T>(
  names: readonly string[],
  ask: (name: string) => Promise<SearchResult<T>>,
): Promise<SearchResult<T>> {
  if (names.length === 0) {
    return { kind: 'refused', reason: 'it is no name that DNS can carry' };
  }
  let last: SearchResult<T> = { kind: 'none' };
  for (const name of names) {
    const result = await ask(name);
    if (result.kind === 'found' || result.kind === 'silence') {
      return result;
    }
    if (result.kind === 'refused') {
      last = result;
    }
  }
  return last;
}

function toSearchResult<T>(name: string, found: Found<T> | undefined): SearchResult<T> {
  if (found === undefined) {
    return { kind: 'refused', reason: `the aliases of ${name} do not end` };
  }
  return found.values.length === 0 ? { kind: 'none' } : { kind: 'found', ...found };
}
