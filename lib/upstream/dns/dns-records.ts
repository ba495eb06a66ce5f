import { isIPv4, isIPv6 } from 'node:net';
import type { Answer } from 'dns-packet';
import { canonicalIp } from '../../config/address.js';
import type { DnsRecordType } from './dns-message.js';

/** Aliases of aliases are followed so far. */
const maxAliases = 16;

/** Where a service is, by an SRV record. */
export interface ServiceRecord {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What the records of an answer say about a name, and how long it may be believed. */
export interface Found<T> {
  readonly values: readonly T[];
  /** The least of all records on the way; `undefined` if there is none. */
  readonly ttlMs: number | undefined;
}

/** Returns the addresses of a name, or `undefined` if its aliases do not end. */
export function readAddresses(
  records: readonly Answer[],
  name: string,
  type: 'A' | 'AAAA',
): Found<string> | undefined {
  return readRecords(records, name, type, (record) => {
    const data = 'data' in record ? record.data : undefined;
    const isRight = type === 'A' ? isIPv4 : isIPv6;
    return typeof data === 'string' && isRight(data) ? canonicalIp(data) : undefined;
  });
}

/** Returns where a service is, or `undefined` if its aliases do not end. */
export function readServices(
  records: readonly Answer[],
  name: string,
): Found<ServiceRecord> | undefined {
  return readRecords(records, name, 'SRV', (record) => {
    if (record.type !== 'SRV' || record.data.target === '.' || record.data.port === 0) {
      // A dot says that there is no such service here.
      return undefined;
    }
    const { target, port, priority = 0, weight = 0 } = record.data;
    return { target: target.toLowerCase(), port, priority, weight };
  });
}

function readRecords<T>(
  records: readonly Answer[],
  name: string,
  type: DnsRecordType,
  read: (record: Answer) => T | undefined,
): Found<T> | undefined {
  const aliases = new Map<string, Answer>();
  for (const record of records) {
    if (record.type === 'CNAME' && isInternet(record)) {
      aliases.set(record.name.toLowerCase(), record);
    }
  }
  let owner = name.toLowerCase();
  let ttlMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= maxAliases; i++) {
    const alias = aliases.get(owner);
    if (alias?.type !== 'CNAME') {
      return collect(records, owner, type, ttlMs, read);
    }
    ttlMs = Math.min(ttlMs, ttlOf(alias));
    owner = alias.data.toLowerCase();
  }
  return undefined;
}

function collect<T>(
  records: readonly Answer[],
  owner: string,
  type: DnsRecordType,
  aliasTtlMs: number,
  read: (record: Answer) => T | undefined,
): Found<T> {
  const values: T[] = [];
  let ttlMs = aliasTtlMs;
  for (const record of records) {
    const isMeant = record.type === type && isInternet(record);
    const value = isMeant && record.name.toLowerCase() === owner ? read(record) : undefined;
    if (value !== undefined) {
      values.push(value);
      ttlMs = Math.min(ttlMs, ttlOf(record));
    }
  }
  return { values, ttlMs: values.length === 0 ? undefined : ttlMs };
}

function isInternet(record: Answer): boolean {
  return 'class' in record && record.class === 'IN';
}

/** A time with the highest bit set counts as none: RFC 2181, section 8. */
function ttlOf(record: Answer): number {
  const ttl = 'ttl' in record ? (record.ttl ?? 0) : 0;
  return ttl >= 2 ** 31 ? 0 : ttl * 1000;
}
