import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { RequestHead } from './message.js';

/** One key and its value. Byte strings, as headers are. */
export interface RateLimitEntry {
  readonly key: string;
  readonly value: string;
}

/** What a rate limit service counts a request under: the entries from the general to the special. */
export type RateLimitDescriptor = readonly RateLimitEntry[];

/** What descriptors are made of, beside the configuration. */
export interface RateLimitedRequest {
  readonly requestHead: RequestHead;
  /** One whole number in [0, 2^32) for all that is drawn for this request. */
  readonly stableRandom: number;
  /** The trusted address of the client, without a port; empty if there is none. */
  readonly clientAddress: string;
}

/** What the rate limits of a route act in. */
export interface RateLimitContext {
  /** Name of the cluster that the request goes to. */
  readonly cluster: string;
  /** `--service-cluster` of this process. */
  readonly serviceCluster: string;
  readonly runtime: Runtime;
  readonly random: Random;
}

/** The rate limits that hold for the requests of a route: reference 2.8. */
export interface RateLimitPolicy {
  /** Whether there is a limit of this stage at all. */
  hasStage(stage: number): boolean;
  /** Returns the descriptors of one stage, in the configured order; none if nothing limits it. */
  populateDescriptors(
    request: RateLimitedRequest,
    stage: number,
    context: RateLimitContext,
  ): RateLimitDescriptor[];
}

/** What a rate limit service says. `error`: it has not said anything that can be understood. */
export type RateLimitStatus = 'ok' | 'over_limit' | 'error';

/** Asks a rate limit service. Never throws. */
export interface RateLimitClient {
  /**
   * Asks once about all of `descriptors`. Calls `onStatus` once, perhaps before it returns. Returns
   * how to give the question up; then `onStatus` is not called any more. Waits without a time limit:
   * that is the business of whoever asks.
   */
  limit(
    domain: string,
    descriptors: readonly RateLimitDescriptor[],
    onStatus: (status: RateLimitStatus) => void,
  ): () => void;
}
