import type { Cluster } from './cluster.js';
import type { RestPollContext } from './discovery/rest-poll.js';

/** Finds clusters by name: those in force, or with them those that an update is about to bring. */
export interface ClusterDirectory {
  /** Returns the cluster of that name, or `undefined`. */
  get(name: string): Cluster | undefined;
  names(): Iterable<string>;
  /** Whether more of them may be discovered. */
  readonly areDiscovered: boolean;
  /**
   * Returns what asks the discovery service that is the cluster `name`, or `undefined` if there is no
   * such cluster. Each question goes to the cluster that has the name by then.
   */
  restPollContext(name: string, refreshDelayMs: number): RestPollContext | undefined;
}
