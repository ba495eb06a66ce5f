import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { SdsConfig } from '../config/cluster-manager-config.js';
import type { ContextPolicy } from '../http/context-policy.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import type { Breakers } from './breaker/breakers.js';
import type { SocketConnector } from './connection/connector.js';
import type { DnsResolver } from './discovery/dns-resolver.js';
import type { RegistrationSource } from './discovery/registration-source.js';
import type { RestPollContext } from './discovery/rest-poll.js';
import type { LocalCluster } from './load-balancing/create-host-chooser.js';
import type { SlowStartPolicy } from './load-balancing/slow-start-options.js';
import type { MountedApplication } from './mounted-application.js';
import type { OutlierEventLog } from './outlier-detection/outlier-event-log.js';

/** What the clusters need from the sidecar. */
export interface ClusterManagerContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** Default: one without values. */
  readonly runtime?: Runtime;
  readonly log: Logger;
  readonly stats: StatsStore;
  readonly connector: SocketConnector;
  readonly resolver: DnsResolver;
  /** Cluster name to the application that stands in for its hosts. */
  readonly mounts: ReadonlyMap<string, MountedApplication>;
  /** What calls of mounted applications take over from their requests. Default: everything. */
  readonly requestContext?: ContextPolicy;
  /** Tells the hosts of clusters of type `sds`, in the place of the discovery service. */
  readonly registrations?: RegistrationSource | undefined;
  /** Who asks discovery services. Default: empty. */
  readonly serviceCluster?: string;
  readonly serviceNode?: string;
  /** What an unsupported key does in what is discovered. Default: refuse it. */
  readonly unsupported?: 'error' | 'warn';
  /** Set if ejections of hosts are written to a file. */
  readonly outlierEventLog?: OutlierEventLog | undefined;
  /** Set if there are clusters with failure-rate breakers. */
  readonly breakers?: Breakers | undefined;
  /** The zone that this process is in. Default: unknown. */
  readonly serviceZone?: string;
  /** By the name of the cluster, or `*` for all others: how hosts that come get to their share. */
  readonly slowStart?: ReadonlyMap<string, SlowStartPolicy>;
}

/** What a cluster needs beside that: the way to the services that are clusters themselves. */
export interface ClusterEntryContext extends ClusterManagerContext {
  /** Returns the names of all clusters that are in force. */
  names(): Iterable<string>;
  /** `undefined` if requests are not kept in their zone. */
  readonly localCluster: LocalCluster | undefined;
  /** `undefined` if hosts are not discovered by such a service. */
  readonly sds: SdsConfig | undefined;
  /** As `ClusterManager.restPollContext`. */
  restPollContext(name: string, refreshDelayMs: number): RestPollContext | undefined;
}
