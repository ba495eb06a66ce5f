import type { RequestHead } from './message.js';

/** The trace of a request, for whoever sends the request on. */
export interface RequestTrace {
  /**
   * Begins the span of one attempt. `host` is `ip:port`. Returns `undefined` if there is no such
   * span; the attempt then goes on without it.
   */
  startAttempt(head: RequestHead, cluster: string, host: string): AttemptTrace | undefined;
}

/** The span of one attempt. */
export interface AttemptTrace {
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
