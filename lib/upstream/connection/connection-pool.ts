import type { TimerWheel } from '../../base/timer-wheel.js';
import type { Http2SettingsConfig } from '../../config/http-settings-config.js';
import type { ResponseDecoder } from '../../http/stream.js';
import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import type { ResourceManager } from '../resource-manager.js';
import type { Connector } from './connector.js';

/** What all pools of one cluster and priority share. */
export interface PoolContext {
  readonly clusterStats: ClusterStats;
  readonly resources: ResourceManager;
  readonly connector: Connector;
  readonly wheel: TimerWheel;
  readonly connectTimeoutMs: number;
  /** 0 means without limit. */
  readonly maxRequestsPerConnection: number;
  /** How many bytes may wait to be sent on one connection before the sender is asked to pause. */
  readonly bufferLimitBytes: number;
  /** Set if the hosts of the cluster are spoken to by HTTP/2. */
  readonly http2?: Http2PoolContext | undefined;
}

/** What HTTP/2 to the hosts of a cluster needs beside what every pool does. */
export interface Http2PoolContext {
  readonly settings: Http2SettingsConfig;
  /** Opens connections on which HTTP/2 is spoken. */
  readonly connector: Connector;
  /** The scheme that hosts are told. */
  readonly scheme: 'http' | 'https';
  /** Whether the next request takes HTTP/2: the runtime may say otherwise. */
  isChosen(): boolean;
}

/**
 * The connections to one host, for one routing priority: reference 4.8.
 *
 * A pool never waits by itself: a request that finds no connection is told later, by its decoder.
 */
export interface ConnectionPool {
  /**
   * Sends a request: `decoder` gets a connection at once or later, or is reset. With `isFresh` the
   * connection is one that has served nobody before, as far as the pool may open one.
   */
  newStream(decoder: ResponseDecoder, isFresh: boolean): void;
  /** Forgets a request that waits for a connection. Returns false if it does not wait. */
  cancel(decoder: ResponseDecoder): boolean;
  /**
   * Closes idle connections, and busy ones when what is under way is done. Requests that wait are
   * still served: whoever chose this host did so while it was a member.
   */
  drain(): void;
  /**
   * Closes idle connections, and busy ones when what is under way is done; new ones may be opened. For
   * a host that has turned unhealthy: what is open to it is not to be trusted when it comes back.
   */
  retireConnections(): void;
  /** Closes every connection for good; requests under way, and those that wait, are reset. */
  close(): void;
}
