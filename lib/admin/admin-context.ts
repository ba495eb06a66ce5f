import type { Clock } from '../base/clock.js';
import type { LayeredRuntime } from '../base/runtime/layered-runtime.js';
import type { LoadedCertificate } from '../base/tls/loaded-certificate.js';
import type { Address } from '../config/address.js';
import type { ServerState } from '../http/server-state.js';
import type { HostStats } from '../telemetry/stats/host-stats.js';
import type { StatsStore } from '../telemetry/stats/stats-store.js';
import type { BreakerState } from '../upstream/breaker/failure-rate-breaker.js';
import type { OutlierSummary } from '../upstream/cluster.js';
import type { ResourceManager } from '../upstream/resource-manager.js';

/** What the admin server may see of the sidecar. It changes nothing but `serverState` and counters. */
export interface AdminContext {
  readonly stats: StatsStore;
  readonly serverState: ServerState;
  readonly clock: Clock;
  /** Of this package. */
  readonly version: string;
  readonly runtime: LayeredRuntime;
  /** The clusters there are now, in the order in which they are to be shown. */
  clusters(): Iterable<AdminCluster>;
  /** The listeners that are bound now. */
  listeners(): Iterable<AdminListener>;
  /** The certificates in use now. */
  certificates(): Iterable<LoadedCertificate>;
  /** The route tables that were loaded by discovery. */
  routeTables(): Iterable<AdminRouteTable>;
}

/** A discovered route table as `/routes` shows it. */
export interface AdminRouteTable {
  readonly routeConfigName: string;
  /** Of the discovery service. */
  readonly clusterName: string;
  readonly version: number;
  /** What the service said, in JSON. */
  readonly answer: Buffer;
}

/** A cluster as `/clusters` shows it. */
export interface AdminCluster {
  readonly name: string;
  /** The limits that are in force now, which the runtime may have changed. */
  readonly defaultResources: ResourceManager;
  readonly highResources: ResourceManager;
  /** Whether it came from a cluster discovery service, not from the configuration. */
  readonly addedViaApi: boolean;
  /** What outlier detection has found, if the cluster has it. */
  readonly outlierSummary?: OutlierSummary | undefined;
  /** The failure-rate breaker, if the cluster has one. */
  readonly breaker?: { readonly state: BreakerState } | undefined;
  readonly hostSet: {
    /** All hosts, healthy or not. */
    readonly hosts: Iterable<AdminHost>;
  };
}

/** A host as `/clusters` shows it. */
export interface AdminHost {
  /** `ip:port`. */
  readonly address: string;
  readonly stats: HostStats;
  /** `healthy`, or the reasons why it is not: reference 9. */
  readonly healthFlags: string;
  readonly weight: number;
  /** Empty if it is not known. */
  readonly zone: string;
  readonly isCanary: boolean;
  /** Set while outlier detection watches it. */
  readonly outlierMonitor?: { readonly successRate: number } | undefined;
}

/** A listener as `/listeners` shows it. */
export interface AdminListener {
  readonly name: string;
  /** As bound. */
  readonly address: Address;
}
