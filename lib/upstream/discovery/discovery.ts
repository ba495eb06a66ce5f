/** Finds the hosts of one cluster, and goes on finding them until it is closed. */
export interface Discovery {
  /** Begins. `onInitialized` is called once: after the first answer, or the first failure. */
  start(onInitialized: () => void): void;
  /** Ends all background work. Idempotent. */
  close(): void;
}
