/** Counts the responses to requests of one kind: the virtual clusters of reference 2.4.2. */
export interface VirtualClusterCharge {
  /** Counts one response. `timeMs`: from the complete request to the complete response. */
  charge(status: number, timeMs?: number): void;
}
