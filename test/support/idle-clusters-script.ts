/**
 * A program that holds very many clusters which nobody uses, and reports how many bytes of heap
 * they take. It needs `--expose-gc`.
 */
import { createSidecar } from '../../lib/index.js';
import type { Sidecar } from '../../lib/sidecar.js';
import { adminAddress, type Json, staticCluster } from './config-builder.js';

const clusterCount = 1000;
const hostCount = 10;

function hosts(cluster: number): string[] {
  return Array.from(
    { length: hostCount },
    (_, host) => `tcp://10.${cluster >> 8}.${cluster & 255}.${host + 1}:80`,
  );
}

function start(count: number): Promise<Sidecar> {
  const clusters: Json[] = Array.from({ length: count }, (_, i) =>
    staticCluster(`cluster-${i}`, hosts(i)),
  );
  return createSidecar({
    config: {
      listeners: [],
      admin: { access_log_path: '/dev/null', address: adminAddress },
      cluster_manager: { clusters },
    },
    listenOn: { [adminAddress]: 'tcp://127.0.0.1:0' },
  });
}

function heapBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

// What is loaded and compiled with the first one is not of the clusters.
await (await start(1)).close();
const before = heapBytes();
const sidecar = await start(clusterCount);
process.stdout.write(`heap ${heapBytes() - before}\n`);
await sidecar.close();
