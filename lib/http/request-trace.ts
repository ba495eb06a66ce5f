import type { RequestHead } from './message.js';

/** A span that application code can be called in. */
export interface TraceScope {
  /**
   * Calls `fn` once, with the span as the active one in the context of OpenTelemetry, also for what
   * `fn` leaves to be done later. Returns what `fn` returns, and throws what `fn` throws: nothing of
   * its own.
   */
  run<T>(fn: () => T): T;
}

/** Where an attempt goes. */
export interface AttemptTarget {
  readonly cluster: string;
  /** `ip:port`, or the name of what has no such address. */
  readonly host: string;
  /** Whether the connection to the host is encrypted. */
  readonly isTls: boolean;
}

/** The trace of a request, for whoever sends the request on. */
export interface RequestTrace extends TraceScope {
  /**
   * Begins the span of one attempt. Returns `undefined` if there is no such span; the attempt then
   * goes on without it.
   */
  startAttempt(head: RequestHead, target: AttemptTarget): AttemptTrace | undefined;
}

/** The span of one attempt. */
export interface AttemptTrace extends TraceScope {
  /** The head as this attempt sends it: a copy, with the context of the span in its headers. */
  readonly head: RequestHead;
  /** The head of a response has come. */
  onResponse(status: number): void;
  /**
   * The attempt is over. `failure` says why, if it has failed; what has had no response has failed
   * in any case. Idempotent.
   */
  end(failure?: string): void;
}
