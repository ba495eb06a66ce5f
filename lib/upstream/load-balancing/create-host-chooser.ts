import type { Random } from '../../base/random.js';
import { defaultRuntime, type Runtime } from '../../base/runtime.js';
import type { ClusterConfig } from '../../config/cluster-config.js';
import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import type { HostSet } from '../host-set.js';
import { BalancedHosts } from './balanced-hosts.js';
import type { HostChooser } from './host-chooser.js';
import { LeastRequest } from './least-request.js';
import type { LoadBalancer } from './load-balancer.js';
import { OriginalDestinations, type OriginalDestinationsContext } from './original-destinations.js';
import { RandomChoice } from './random-choice.js';
import { RingHash, RingPoints } from './ring-hash.js';
import { RoundRobin } from './round-robin.js';
import { ZoneRouting } from './zone-routing.js';

/** The cluster that this process is a member of: `local_cluster_name`. */
export interface LocalCluster {
  readonly name: string;
  /** Returns its members, as they are now; `undefined` if there is no such cluster. */
  hostSet(): HostSet | undefined;
}

/** What choosing a host depends on, beside the configuration of the cluster. */
export interface HostChooserContext extends Omit<OriginalDestinationsContext, 'cleanupIntervalMs'> {
  readonly random: Random;
  readonly runtime?: Runtime | undefined;
  readonly stats: ClusterStats;
  /** The zone that this process is in; empty if unknown. */
  readonly serviceZone?: string | undefined;
  /** `undefined` if requests are not kept in their zone. */
  readonly localCluster?: LocalCluster | undefined;
  /** Whether hosts may be in their slow start. Default: no. */
  readonly startsSlowly?: boolean;
  /** Names of clusters with an application in the place of their hosts. */
  readonly mounts?: { has(name: string): boolean } | undefined;
}

/** Returns what chooses the hosts of a cluster. */
export function createHostChooser(config: ClusterConfig, context: HostChooserContext): HostChooser {
  const { name, discovery } = config;
  if (discovery.type === 'original_dst' && context.mounts?.has(name) !== true) {
    const { cleanupIntervalMs } = discovery;
    return new OriginalDestinations({ ...context, cleanupIntervalMs });
  }
  const { runtime = defaultRuntime, stats } = context;
  const createBalancer = balancerFactory(config, context, runtime);
  const zoneRouting = createZoneRouting(config, context, runtime, createBalancer);
  return new BalancedHosts(createBalancer, runtime, stats, zoneRouting);
}

function balancerFactory(
  { lbType, ringHash }: ClusterConfig,
  { random, startsSlowly }: HostChooserContext,
  runtime: Runtime,
): () => LoadBalancer {
  switch (lbType) {
    case 'least_request':
      return () => new LeastRequest(random, runtime, startsSlowly);
    case 'random':
      return () => new RandomChoice(random);
    case 'ring_hash': {
      const points = new RingPoints();
      return () => new RingHash(ringHash.minimumRingSize, random, points);
    }
    case 'round_robin':
    // Here only if an application is mounted, which is the one host then.
    case 'original_dst_lb':
      return () => new RoundRobin(random, startsSlowly);
  }
}

/** A ring takes no note of zones, and of the own cluster we know no other part than ourselves. */
function createZoneRouting(
  { name, lbType }: ClusterConfig,
  { random, stats, serviceZone: ownZone = '', localCluster }: HostChooserContext,
  runtime: Runtime,
  createBalancer: () => LoadBalancer,
): ZoneRouting | undefined {
  if (
    localCluster === undefined ||
    localCluster.name === name ||
    ownZone === '' ||
    lbType === 'ring_hash'
  ) {
    return undefined;
  }
  const localHostSet = (): HostSet | undefined => localCluster.hostSet();
  return new ZoneRouting({ random, runtime, stats, ownZone, localHostSet, createBalancer });
}
