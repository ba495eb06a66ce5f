import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Runtime } from '../base/runtime.js';
import type { TimerWheel } from '../base/timer-wheel.js';
import type { SdsConfig } from '../config/cluster-manager-config.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import type { SocketConnector } from './connection/connector.js';
import type { DnsResolver } from './discovery/dns-resolver.js';
import type { RestPollContext } from './discovery/rest-poll.js';
import type { MountedApplication } from './mounted-host.js';

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
}

/** What a cluster needs beside that: the way to the services that are clusters themselves. */
export interface ClusterEntryContext extends ClusterManagerContext {
  /** `undefined` if hosts are not discovered by such a service. */
  readonly sds: SdsConfig | undefined;
  /** As `ClusterManager.restPollContext`. */
  restPollContext(name: string, refreshDelayMs: number): RestPollContext | undefined;
}
