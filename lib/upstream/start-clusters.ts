import type { ClusterEntry } from './cluster-entry.js';

/**
 * Starts clusters in two phases: first those that find their hosts by themselves, then those that ask
 * a discovery service, which may be one of the first (reference 1.11). `onOne` is called for each when
 * it has had its first answer or failure, `onAll` once, behind the last.
 */
export function startInPhases(
  entries: readonly ClusterEntry[],
  onOne: (entry: ClusterEntry) => void,
  onAll: () => void,
): void {
  const primary = entries.filter((entry) => !entry.isSecondary);
  const secondary = entries.filter((entry) => entry.isSecondary);
  startAll(primary, onOne, () => startAll(secondary, onOne, onAll));
}

function startAll(
  entries: readonly ClusterEntry[],
  onOne: (entry: ClusterEntry) => void,
  onAll: () => void,
): void {
  let waiting = entries.length + 1;
  const onInitialized = (): void => {
    waiting--;
    if (waiting === 0) {
      onAll();
    }
  };
  for (const entry of entries) {
    entry.start(() => {
      onOne(entry);
      onInitialized();
    });
  }
  onInitialized();
}
