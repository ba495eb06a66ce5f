import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `dns.` of our DNS client. They are ours: Envoy has none. */
export class DnsStats implements StatSource {
  /** Counts every time that a server is asked. */
  queryTotal = 0;
  queryActive = 0;
  /** Of these, over TCP. */
  queryTcpTotal = 0;
  queryTimeout = 0;
  /** The server could not be reached, or ended the connection. */
  queryFailed = 0;
  /** The server said that it cannot or will not tell. */
  queryRefused = 0;
  /** What came was no answer to the question; somebody may be lying. */
  answerIgnored = 0;
  lookupTotal = 0;
  /** Of these, joined to one that was under way. */
  lookupShared = 0;
  lookupFailed = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<DnsStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<DnsStats>>[] = [
  ['answerIgnored', 'answer_ignored', 'counter'],
  ['lookupFailed', 'lookup_failed', 'counter'],
  ['lookupShared', 'lookup_shared', 'counter'],
  ['lookupTotal', 'lookup_total', 'counter'],
  ['queryActive', 'query_active', 'gauge'],
  ['queryFailed', 'query_failed', 'counter'],
  ['queryRefused', 'query_refused', 'counter'],
  ['queryTcpTotal', 'query_tcp_total', 'counter'],
  ['queryTimeout', 'query_timeout', 'counter'],
  ['queryTotal', 'query_total', 'counter'],
];
