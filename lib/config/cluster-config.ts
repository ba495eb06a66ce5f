import type { Address, TcpAddress } from './address.js';

/** How a cluster balances. */
export type LbType = 'round_robin';

/** Limits of one routing priority: reference 1.6.2. */
export interface CircuitBreakerConfig {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** Which addresses a name may resolve to. */
export type DnsLookupFamily = 'v4_only' | 'v6_only' | 'auto';

/** How a cluster finds its hosts: reference 4.1. */
export type DiscoveryConfig =
  | { readonly type: 'static'; readonly hosts: readonly Address[] }
  | {
      readonly type: 'logical_dns';
      readonly host: TcpAddress;
      readonly dnsRefreshRateMs: number;
      readonly dnsLookupFamily: DnsLookupFamily;
    }
  | { readonly type: 'sds'; readonly serviceName: string };

/** A cluster: reference 1.6. */
export interface ClusterConfig {
  readonly name: string;
  readonly discovery: DiscoveryConfig;
  readonly connectTimeoutMs: number;
  readonly perConnectionBufferLimitBytes: number;
  readonly lbType: LbType;
  /** 0 means without limit. */
  readonly maxRequestsPerConnection: number;
  readonly circuitBreakers: {
    readonly default: CircuitBreakerConfig;
    readonly high: CircuitBreakerConfig;
  };
}

/** `cluster_manager.sds`: reference 1.5. */
export interface SdsConfig {
  readonly cluster: ClusterConfig;
  readonly refreshDelayMs: number;
}

/** `cluster_manager`: reference 1.5. */
export interface ClusterManagerConfig {
  readonly clusters: readonly ClusterConfig[];
  readonly sds: SdsConfig | undefined;
}
