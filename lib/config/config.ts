import type { TcpAddress } from './address.js';
import type { ClusterManagerConfig } from './cluster-config.js';
import type { ListenerConfig } from './listener-config.js';

/** `admin`: reference 1.4. */
export interface AdminConfig {
  readonly accessLogPath: string;
  readonly address: TcpAddress;
}

/** A whole configuration, checked, frozen, with every default filled in. */
export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly admin: AdminConfig;
  readonly clusterManager: ClusterManagerConfig;
}
