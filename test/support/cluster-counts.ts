import assert from 'node:assert/strict';

/** Whoever can tell the statistics of a sidecar. */
export interface StatsReader {
  stats(): Promise<ReadonlyMap<string, number>>;
}

/** Returns statistics of a cluster by their names below `cluster.<name>.`; 0 if there is none. */
export async function clusterCounts<N extends string>(
  reader: StatsReader,
  cluster: string,
  ...names: readonly N[]
): Promise<Record<N, number>> {
  const stats = await reader.stats();
  const counts = names.map((name) => [name, stats.get(`cluster.${cluster}.${name}`) ?? 0]);
  // Each of the names has an entry.
  return Object.fromEntries(counts) as Record<N, number>;
}

/**
 * Fails unless everything that was begun for a cluster has ended and is counted exactly once:
 * `requests` requests, each with one status, and as many connections ended as begun but for the
 * idle ones.
 */
export async function assertCountedOnce(
  reader: StatsReader,
  cluster: string,
  requests: number,
): Promise<void> {
  const prefix = `cluster.${cluster}.`;
  const stats = await reader.stats();
  const count = (name: string): number => stats.get(prefix + name) ?? 0;
  for (const gauge of ['upstream_rq_active', 'upstream_rq_pending_active']) {
    assert.equal(count(gauge), 0, gauge);
  }
  const statuses = [...stats].filter(([name]) =>
    /^upstream_rq_\d{3}$/.test(name.slice(prefix.length)),
  );
  const charged = statuses
    .filter(([name]) => name.startsWith(prefix))
    .reduce((sum, [, value]) => sum + value, 0);
  assert.equal(charged, requests, `statuses: ${statuses.join(' ')}`);
  assert.equal(
    count('upstream_cx_total'),
    count('upstream_cx_active') + count('upstream_cx_destroy'),
    'connections',
  );
  assert.equal(
    count('upstream_cx_destroy'),
    count('upstream_cx_destroy_local') + count('upstream_cx_destroy_remote'),
    'ends of connections',
  );
}
