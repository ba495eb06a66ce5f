import type { TracerProvider } from '@opentelemetry/api';
import {
  checkHttpFilters,
  checkLogger,
  checkMounts,
  checkRegistrations,
  checkRequestContext,
  checkTracerProvider,
  type RequestContextOptions,
} from './application-options.js';
import { describeProblem } from './base/errors.js';
import type { Logger } from './base/log.js';
import type { Address, TcpAddress } from './config/address.js';
import { checkConnectTo, checkListenOn } from './config/address-options.js';
import type { ClusterConfig } from './config/cluster-config.js';
import type { Config } from './config/config.js';
import { describeValue } from './config/describe-value.js';
import { discoverableNames } from './config/discoverable-names.js';
import { isJsonObject } from './config/json-members.js';
import {
  checkOptionNames,
  entriesOf,
  listNames,
  optionInvalid,
  unknownOption,
} from './config/option-check.js';
import { type ConfigSource, loadConfig } from './config-file.js';
import type { ContextPolicy } from './http/context-policy.js';
import type { HttpFilterFactory } from './http/own-filter.js';
import { checkRetryOptions, type RetryBudget, type RetryOptions } from './router/retry-options.js';
import { type BreakerOptions, checkBreakers } from './upstream/breaker/breaker-options.js';
import type { BreakerPolicy } from './upstream/breaker/breaker-policy.js';
import type { RegistrationSource } from './upstream/discovery/registration-source.js';
import {
  checkSlowStart,
  type SlowStartOptions,
  type SlowStartPolicy,
} from './upstream/load-balancing/slow-start-options.js';
import type { MountedApplication } from './upstream/mounted-application.js';

/** Options of `createSidecar`. */
export interface SidecarOptions {
  /** Path or `file:` URL of an Envoy v1 `envoy.json`, or what stands in it as an object. */
  readonly config: ConfigSource;
  /** As Envoy's `--service-cluster`. Default empty. */
  readonly serviceCluster?: string;
  /** As Envoy's `--service-node`. Default empty. */
  readonly serviceNode?: string;
  /** As Envoy's `--service-zone`. Default empty. */
  readonly serviceZone?: string;
  /**
   * Cluster name to the application that answers in the place of its hosts, in this process: a
   * `(request, response)` handler, a `node:http` server, which need not listen, a fetch-style
   * handler `(request) => response`, or an object with a method `fetch`.
   */
  readonly mount?: Readonly<Record<string, MountedApplication>>;
  /**
   * Where to bind instead of a configured address, of a listener or of the admin server:
   * `{ 'tcp://0.0.0.0:80': 'tcp://127.0.0.1:8080' }`. Port 0 lets the system choose.
   */
  readonly listenOn?: Readonly<Record<string, string>>;
  /**
   * Where to connect instead of a configured host, as `curl --connect-to`:
   * `{ 'sds.kube-system:80': '127.0.0.1:9080' }`. The name is then not looked up.
   */
  readonly connectTo?: Readonly<Record<string, string>>;
  /** Whose route tables outbound calls use, by listener name. Default: all listeners, in order. */
  readonly outbound?: { readonly listeners?: readonly string[] };
  /**
   * What calls take over from the request that they are made for: ids and trace (`headers`), and how
   * long they may take (`deadline`). Default both; `false` for neither: docs/context.md.
   */
  readonly requestContext?: boolean | RequestContextOptions;
  /** What a known but unsupported key of the configuration does. Default `error`. */
  readonly unsupported?: 'error' | 'warn';
  /** Default: silence. */
  readonly logger?: Logger;
  /**
   * Makes the spans of requests that are traced. Default: the provider that the application registers
   * with `@opentelemetry/api`: docs/tracing.md.
   */
  readonly tracerProvider?: TracerProvider;
  /** How often access logs are written, in milliseconds. Default 10000, as in Envoy. */
  readonly accessLogFlushIntervalMs?: number;
  /**
   * How long a listener that an update has replaced or removed goes on with the connections that it
   * has, in milliseconds, as Envoy's `--drain-time-s`. Default 600000.
   */
  readonly drainTimeMs?: number;
  /**
   * HTTP filters of your own, by the name that they have in the `filters` of an
   * `http_connection_manager`: docs/filters.md.
   */
  readonly httpFilters?: Readonly<Record<string, HttpFilterFactory>>;
  /**
   * How many retries may be under way, by cluster, as a share of its requests under way; `*` stands
   * for all clusters that are not named. Takes the place of `max_retries`: docs/retries.md.
   */
  readonly retryBudgets?: Readonly<Record<string, RetryBudget>>;
  /**
   * Clusters, or `true` for all, where an attempt at an idempotent request that exceeds its per-try
   * time-out goes on while another one races it: docs/retries.md.
   */
  readonly hedgeOnPerTryTimeout?: true | readonly string[];
  /**
   * Failure-rate breakers, by cluster: one that fails too often gets no requests for a while; `*`
   * stands for all clusters that are not named: docs/circuit-breakers.md.
   */
  readonly breakers?: Readonly<Record<string, BreakerOptions>>;
  /**
   * Clusters where a host that comes, or comes back to health, begins with a small share of the
   * requests, by name; `*` stands for all that are not named: docs/load-balancing.md.
   */
  readonly slowStart?: Readonly<Record<string, SlowStartOptions>>;
  /**
   * Where clusters of type `sds` get their hosts, in the place of the discovery service of the
   * configuration, which need not be there then: `kubernetesRegistrations()` of
   * `pillion/kubernetes`, or a source of your own.
   */
  readonly registrations?: RegistrationSource;
}

/** The options, checked, with what they refer to. */
export interface CheckedOptions {
  readonly config: Config;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly mounts: ReadonlyMap<string, MountedApplication>;
  readonly listenOn: ReadonlyMap<string, TcpAddress>;
  readonly connectTo: ReadonlyMap<string, Address>;
  readonly outboundListeners: readonly string[] | undefined;
  readonly requestContext: ContextPolicy;
  readonly httpFilters: ReadonlyMap<string, HttpFilterFactory>;
  readonly retryOptions: RetryOptions;
  readonly breakerPolicies: ReadonlyMap<string, BreakerPolicy>;
  readonly slowStart: ReadonlyMap<string, SlowStartPolicy>;
  readonly log: Logger;
  readonly tracerProvider: TracerProvider | undefined;
  readonly accessLogFlushIntervalMs: number | undefined;
  readonly drainTimeMs: number;
  readonly unsupported: 'error' | 'warn';
  readonly registrations: RegistrationSource | undefined;
}

const knownOptions: readonly (keyof SidecarOptions)[] = [
  'config',
  'serviceCluster',
  'serviceNode',
  'serviceZone',
  'mount',
  'listenOn',
  'connectTo',
  'outbound',
  'requestContext',
  'unsupported',
  'logger',
  'tracerProvider',
  'accessLogFlushIntervalMs',
  'drainTimeMs',
  'httpFilters',
  'retryBudgets',
  'hedgeOnPerTryTimeout',
  'breakers',
  'slowStart',
  'registrations',
];

/**
 * Reads the configuration and checks every option. Throws `SIDECAR_OPTION_INVALID`,
 * `SIDECAR_CONFIG_UNREADABLE` or a `ConfigError`; nothing has been opened by then.
 */
export async function checkOptions(options: SidecarOptions): Promise<CheckedOptions> {
  if (!isJsonObject(options)) {
    throw optionInvalid('createSidecar takes an object: createSidecar({ config: "./envoy.json" })');
  }
  checkOptionNames(options, knownOptions);
  const { unsupported = 'error', accessLogFlushIntervalMs, drainTimeMs = 600_000 } = options;
  if (unsupported !== 'error' && unsupported !== 'warn') {
    throw optionInvalid(`unsupported is ${describeValue(unsupported)}, expected "error" or "warn"`);
  }
  checkInterval('accessLogFlushIntervalMs', accessLogFlushIntervalMs);
  checkInterval('drainTimeMs', drainTimeMs);
  const parsing = {
    unsupported,
    httpFilters: checkHttpFilters(options.httpFilters),
    registrations: checkRegistrations(options.registrations),
    log: checkLogger(options.logger),
  };
  const config = await loadCheckedConfig(options.config, parsing);
  const clusters = clusterNames(config, options);
  return {
    ...parsing,
    config,
    serviceCluster: checkName('serviceCluster', options.serviceCluster),
    serviceNode: checkName('serviceNode', options.serviceNode),
    serviceZone: checkName('serviceZone', options.serviceZone),
    mounts: checkMounts(options.mount, clusters),
    listenOn: checkListenOn(options.listenOn, config),
    connectTo: checkConnectTo(options.connectTo, config),
    retryOptions: checkRetryOptions(options, clusters),
    breakerPolicies: checkBreakers(options.breakers, clusters),
    slowStart: checkSlowStart(options.slowStart, withNames(config, clusters)),
    outboundListeners: checkOutbound(options.outbound, config),
    requestContext: checkRequestContext(options.requestContext),
    tracerProvider: checkTracerProvider(options.tracerProvider),
    accessLogFlushIntervalMs,
    drainTimeMs,
  };
}

/** What a configuration is read with. */
export type ConfigChecks = Pick<
  CheckedOptions,
  'unsupported' | 'httpFilters' | 'registrations' | 'log'
>;

/** Reads and checks a configuration, and logs its warnings. Rejects as `checkOptions` throws. */
export async function loadCheckedConfig(
  source: ConfigSource,
  {
    unsupported,
    httpFilters,
    registrations,
    log,
  }: Omit<ConfigChecks, 'registrations'> & Partial<ConfigChecks>,
): Promise<Config> {
  const { config, warnings } = await loadConfig(
    source,
    unsupported,
    httpFilters.keys(),
    registrations !== undefined,
  );
  for (const warning of warnings) {
    log.warn(`configuration: ${describeProblem(warning)}`);
  }
  return config;
}

/** What Envoy takes on its command line; it goes into headers and paths of requests. */
function checkName(option: string, value: unknown): string {
  if (value === undefined) {
    return '';
  }
  if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value)) {
    throw optionInvalid(
      `${option} is ${describeValue(value)}, expected a string of printable ASCII`,
    );
  }
  return value;
}

function checkInterval(option: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0 && Number.isFinite(value))) {
    throw optionInvalid(`${option} is ${describeValue(value)}, expected a number of milliseconds`);
  }
}

function clusterNames(
  { clusterManager }: Config,
  { mount, retryBudgets, hedgeOnPerTryTimeout, breakers, slowStart }: SidecarOptions,
): readonly string[] {
  return discoverableNames(
    clusterManager.clusters.map(({ name }) => name),
    clusterManager.cds !== undefined,
    mount,
    retryBudgets,
    hedgeOnPerTryTimeout,
    breakers,
    slowStart,
  );
}

/** Of a cluster that is yet to be discovered, nothing is known that could be wrong. */
function withNames(
  { clusterManager: { clusters } }: Config,
  names: readonly string[],
): readonly Pick<ClusterConfig, 'name' | 'lbType'>[] {
  return names.map(
    (name) => clusters.find((cluster) => cluster.name === name) ?? { name, lbType: 'round_robin' },
  );
}

function checkOutbound(outbound: unknown, config: Config): readonly string[] | undefined {
  let listeners: readonly string[] | undefined;
  for (const [name, value] of entriesOf('outbound', outbound)) {
    if (name !== 'listeners') {
      throw unknownOption(name, ['listeners'], 'outbound.');
    }
    listeners = checkListenerNames(value, config);
  }
  return listeners;
}

function checkListenerNames(names: unknown, config: Config): readonly string[] | undefined {
  if (names === undefined) {
    return undefined;
  }
  if (!Array.isArray(names)) {
    throw optionInvalid(
      `outbound.listeners is ${describeValue(names)}, expected an array of names`,
    );
  }
  const configured = config.listeners.map((listener) => listener.name);
  const known = discoverableNames(configured, config.lds !== undefined, names);
  return names.map((name: unknown) => {
    if (typeof name !== 'string' || !known.includes(name)) {
      const named = describeValue(name);
      throw optionInvalid(
        `outbound.listeners names ${named}, but the listeners are: ${listNames(known)}`,
      );
    }
    return name;
  });
}
