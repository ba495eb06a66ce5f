/** Values that can change while the process runs: reference 10. */
export interface Runtime {
  /** The number under a key; `fallback` if there is none, or it is no number. */
  integer(key: string, fallback: number): number;
}

/** The runtime of a configuration without one: every key has its default. */
export const defaultRuntime: Runtime = { integer: (_key, fallback) => fallback };

/** Whether a stable random number falls into a share in percent: reference 2.6.3. */
export function isInShare(random: number, percent: number): boolean {
  return random % 100 < Math.min(percent, 100);
}
