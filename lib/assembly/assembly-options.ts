import type { TracerProvider } from '@opentelemetry/api';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Address, TcpAddress } from '../config/address.js';
import type { ContextPolicy } from '../http/context-policy.js';
import type { HttpFilterFactory } from '../http/own-filter.js';
import type { RetryOptions } from '../router/retry-options.js';
import type { BreakerPolicy } from '../upstream/breaker/breaker-policy.js';
import type { DnsResolver } from '../upstream/discovery/dns-resolver.js';
import type { RegistrationSource } from '../upstream/discovery/registration-source.js';
import type { SlowStartPolicy } from '../upstream/load-balancing/slow-start-options.js';
import type { MountedApplication } from '../upstream/mounted-application.js';

/** What a sidecar is built from, beside its configuration. */
export interface AssemblyOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Default: a DNS client of the sidecar's own. */
  readonly resolver?: DnsResolver | undefined;
  readonly log: Logger;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly tracerProvider: TracerProvider | undefined;
  readonly mounts: ReadonlyMap<string, MountedApplication>;
  /** Configured address, as a URL, to where to bind instead. */
  readonly listenOn: ReadonlyMap<string, TcpAddress>;
  /** Configured `host:port` to where to connect instead. */
  readonly connectTo: ReadonlyMap<string, Address>;
  /** Names of the listeners whose routes outbound calls take; `undefined` for all. */
  readonly outboundListeners: readonly string[] | undefined;
  /** What calls of the application take over from the requests that they are made for. */
  readonly requestContext: ContextPolicy;
  readonly accessLogFlushIntervalMs: number | undefined;
  /** How long a listener that has been replaced or removed goes on with its connections. */
  readonly drainTimeMs: number;
  /** What an unsupported key does in what is discovered. */
  readonly unsupported: 'error' | 'warn';
  readonly retryOptions: RetryOptions;
  /** The failure-rate breakers, by the name of the cluster. */
  readonly breakerPolicies: ReadonlyMap<string, BreakerPolicy>;
  /** The filters that the application brings itself, by name. */
  readonly httpFilters: ReadonlyMap<string, HttpFilterFactory>;
  /** By the name of the cluster, or `*` for all others: how hosts that come get to their share. */
  readonly slowStart: ReadonlyMap<string, SlowStartPolicy>;
  /** Tells the hosts of clusters of type `sds`, in the place of the discovery service. */
  readonly registrations?: RegistrationSource | undefined;
}
