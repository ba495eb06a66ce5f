/** What a check has found out. */
export type HealthVerdict =
  | { readonly kind: 'success' }
  /**
   * `active`: the host has answered, and not that it is well. `network`: it has not answered, or
   * not in a way that can be understood. Reference 4.5.1.
   */
  | { readonly kind: 'active' | 'network'; readonly reason: string };

/** The verdict on a host that is well. */
export const passed: HealthVerdict = { kind: 'success' };

/** Reads the answer to one check. */
export interface AnswerReader {
  /** Whether the connection may serve the next check. Asked once there is a verdict. */
  readonly isReusable: boolean;
  /**
   * Takes the first `size` bytes of `buffer`, which is lent for the call only. Returns the verdict as
   * soon as there is one; it is not called again then.
   */
  read(buffer: Buffer, size: number): HealthVerdict | undefined;
  /** The host has closed its side. Returns the verdict if that completes the answer. */
  end(): HealthVerdict | undefined;
}

/** What the checks of a cluster say to its hosts, and how the answers are judged. */
export interface HealthCheckProtocol {
  /** What is sent; `undefined` if being connected is all that is checked. */
  readonly question: Buffer | undefined;
  /** Whether bytes that come between two checks are passed over instead of ending the connection. */
  readonly ignoresStrayBytes: boolean;
  /** Called once for each check, and so that nothing of it is kept between checks. */
  createReader(): AnswerReader;
}
