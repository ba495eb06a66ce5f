import { Server } from 'node:http';
import type { TracerProvider } from '@opentelemetry/api';
import { describeProblem } from './base/errors.js';
import { type Logger, silentLogger } from './base/log.js';
import type { Address, TcpAddress } from './config/address.js';
import { checkConnectTo, checkListenOn } from './config/address-options.js';
import type { Config } from './config/config.js';
import { describeValue } from './config/describe-value.js';
import { isJsonObject } from './config/json-members.js';
import { entriesOf, listNames, optionInvalid } from './config/option-check.js';
import { httpFilterUnion } from './config/schema/http-filter-union.js';
import { type ConfigSource, loadConfig } from './config-file.js';
import type { HttpFilterFactory } from './http/own-filter.js';
import { checkRetryOptions, type RetryBudget, type RetryOptions } from './router/retry-options.js';
import type { MountedApplication } from './upstream/mounted-host.js';

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
   * `(request, response)` handler, or a `node:http` server, which need not listen.
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
  readonly httpFilters: ReadonlyMap<string, HttpFilterFactory>;
  readonly retryOptions: RetryOptions;
  readonly log: Logger;
  readonly tracerProvider: TracerProvider | undefined;
  readonly accessLogFlushIntervalMs: number | undefined;
  readonly unsupported: 'error' | 'warn';
}

const knownOptions: ReadonlySet<string> = new Set<keyof SidecarOptions>([
  'config',
  'serviceCluster',
  'serviceNode',
  'serviceZone',
  'mount',
  'listenOn',
  'connectTo',
  'outbound',
  'unsupported',
  'logger',
  'tracerProvider',
  'accessLogFlushIntervalMs',
  'httpFilters',
  'retryBudgets',
  'hedgeOnPerTryTimeout',
]);

/**
 * Reads the configuration and checks every option. Throws `SIDECAR_OPTION_INVALID`,
 * `SIDECAR_CONFIG_UNREADABLE` or a `ConfigError`; nothing has been opened by then.
 */
export async function checkOptions(options: SidecarOptions): Promise<CheckedOptions> {
  if (!isJsonObject(options)) {
    throw optionInvalid('createSidecar takes an object: createSidecar({ config: "./envoy.json" })');
  }
  for (const name of Object.keys(options)) {
    if (!knownOptions.has(name)) {
      throw optionInvalid(`unknown option "${name}"; there are: ${[...knownOptions].join(', ')}`);
    }
  }
  const { unsupported = 'error', accessLogFlushIntervalMs } = options;
  if (unsupported !== 'error' && unsupported !== 'warn') {
    throw optionInvalid(`unsupported is ${describeValue(unsupported)}, expected "error" or "warn"`);
  }
  checkInterval(accessLogFlushIntervalMs);
  const log = checkLogger(options.logger);
  const names = {
    serviceCluster: checkName('serviceCluster', options.serviceCluster),
    serviceNode: checkName('serviceNode', options.serviceNode),
    serviceZone: checkName('serviceZone', options.serviceZone),
  };
  const httpFilters = checkHttpFilters(options.httpFilters);
  const { config, warnings } = await loadConfig(options.config, unsupported, httpFilters.keys());
  for (const warning of warnings) {
    log.warn(`configuration: ${describeProblem(warning)}`);
  }
  return {
    config,
    ...names,
    mounts: checkMounts(options.mount, config),
    listenOn: checkListenOn(options.listenOn, config),
    connectTo: checkConnectTo(options.connectTo, config),
    httpFilters,
    retryOptions: checkRetryOptions(options, namesOf(config)),
    outboundListeners: checkOutbound(options.outbound, config),
    log,
    tracerProvider: checkTracerProvider(options.tracerProvider),
    accessLogFlushIntervalMs,
    unsupported,
  };
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

function checkInterval(value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0 && Number.isFinite(value))) {
    throw optionInvalid(
      `accessLogFlushIntervalMs is ${describeValue(value)}, expected a number of milliseconds`,
    );
  }
}

function checkLogger(logger: Logger | undefined): Logger {
  if (logger === undefined) {
    return silentLogger;
  }
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    if (typeof logger?.[level] !== 'function') {
      throw optionInvalid(`logger has no method "${level}"; it needs debug, info, warn and error`);
    }
  }
  return new GuardedLogger(logger);
}

function checkTracerProvider(provider: TracerProvider | undefined): TracerProvider | undefined {
  if (provider !== undefined && typeof provider?.getTracer !== 'function') {
    throw optionInvalid(
      'tracerProvider has no method "getTracer"; it needs to be a TracerProvider of OpenTelemetry',
    );
  }
  return provider;
}

/** Takes what a logger throws: it must not end a request, or the process. */
class GuardedLogger implements Logger {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(message: string): void {
    this.#log('debug', message);
  }

  info(message: string): void {
    this.#log('info', message);
  }

  warn(message: string): void {
    this.#log('warn', message);
  }

  error(message: string): void {
    this.#log('error', message);
  }

  #log(level: keyof Logger, message: string): void {
    try {
      this.#logger[level](message);
    } catch {
      // There is nobody left to tell.
    }
  }
}

function checkHttpFilters(filters: unknown): ReadonlyMap<string, HttpFilterFactory> {
  const factories = new Map<string, HttpFilterFactory>();
  for (const [name, factory] of entriesOf('httpFilters', filters)) {
    if (Object.hasOwn(httpFilterUnion.variants, name)) {
      throw optionInvalid(
        `httpFilters.${name} has the name of a filter of Envoy's; give it another name`,
      );
    }
    if (typeof factory !== 'function') {
      const found = describeValue(factory);
      throw optionInvalid(
        `httpFilters.${name} is ${found}, expected a function (config, context) => (callbacks) => filter`,
      );
    }
    factories.set(name, factory as HttpFilterFactory);
  }
  return factories;
}

function checkMounts(mount: unknown, config: Config): ReadonlyMap<string, MountedApplication> {
  const names = namesOf(config);
  const mounts = new Map<string, MountedApplication>();
  for (const [name, application] of entriesOf('mount', mount)) {
    if (!names.includes(name)) {
      throw optionInvalid(
        `mount names the cluster "${name}", but the clusters are: ${listNames(names)}`,
      );
    }
    if (!isApplication(application)) {
      throw optionInvalid(
        `mount.${name} is neither a (request, response) handler nor an http.Server`,
      );
    }
    mounts.set(name, application);
  }
  return mounts;
}

function namesOf(config: Config): readonly string[] {
  return config.clusterManager.clusters.map((cluster) => cluster.name);
}

function isApplication(value: unknown): value is MountedApplication {
  return typeof value === 'function' || value instanceof Server;
}

function checkOutbound(outbound: unknown, config: Config): readonly string[] | undefined {
  let listeners: readonly string[] | undefined;
  for (const [name, value] of entriesOf('outbound', outbound)) {
    if (name !== 'listeners') {
      throw optionInvalid(`unknown option "outbound.${name}"; there is: listeners`);
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
  const known = config.listeners.map((listener) => listener.name);
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
