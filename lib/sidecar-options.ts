import { readFile, stat } from 'node:fs/promises';
import { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { SidecarError } from './base/errors.js';
import { type Logger, silentLogger } from './base/log.js';
import {
  type Address,
  formatAddress,
  formatHostPort,
  parseAddress,
  parseHostPort,
  type TcpAddress,
} from './config/address.js';
import type { Config } from './config/config.js';
import { type ParsedConfig, parseConfig, parseConfigText } from './config/parse-config.js';
import type { MountedApplication } from './upstream/mounted-host.js';

/** Options of `createSidecar`. */
export interface SidecarOptions {
  /** Path or `file:` URL of an Envoy v1 `envoy.json`, or what stands in it as an object. */
  readonly config: string | URL | object;
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
  /** How often access logs are written, in milliseconds. Default 10000, as in Envoy. */
  readonly accessLogFlushIntervalMs?: number;
}

/** The options, checked, with what they refer to. */
export interface CheckedOptions {
  readonly config: Config;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly mounts: ReadonlyMap<string, MountedApplication>;
  readonly listenOn: ReadonlyMap<string, TcpAddress>;
  readonly connectTo: ReadonlyMap<string, Address>;
  readonly outboundListeners: readonly string[] | undefined;
  readonly log: Logger;
  readonly accessLogFlushIntervalMs: number | undefined;
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
  'accessLogFlushIntervalMs',
]);

/**
 * Reads the configuration and checks every option. Throws `SIDECAR_OPTION_INVALID`,
 * `SIDECAR_CONFIG_UNREADABLE` or a `ConfigError`; nothing has been opened by then.
 */
export async function checkOptions(options: SidecarOptions): Promise<CheckedOptions> {
  if (typeof options !== 'object' || options === null) {
    throw invalid('createSidecar takes an object: createSidecar({ config: "./envoy.json" })');
  }
  for (const name of Object.keys(options)) {
    if (!knownOptions.has(name)) {
      throw invalid(`unknown option "${name}"; there are: ${[...knownOptions].join(', ')}`);
    }
  }
  const { unsupported = 'error', logger = silentLogger } = options;
  if (unsupported !== 'error' && unsupported !== 'warn') {
    throw invalid(`unsupported is "${String(unsupported)}", expected "error" or "warn"`);
  }
  const { config, warnings } = await loadConfig(options.config, unsupported);
  for (const warning of warnings) {
    logger.warn(`configuration: ${warning.path}: ${warning.message}`);
  }
  const outboundListeners = options.outbound?.listeners;
  checkOutboundListeners(outboundListeners, config);
  return {
    config,
    serviceCluster: options.serviceCluster ?? '',
    serviceNode: options.serviceNode ?? '',
    mounts: checkMounts(options.mount ?? {}, config),
    listenOn: checkListenOn(options.listenOn ?? {}, config),
    connectTo: checkConnectTo(options.connectTo ?? {}),
    outboundListeners,
    log: logger,
    accessLogFlushIntervalMs: options.accessLogFlushIntervalMs,
  };
}

async function loadConfig(
  source: SidecarOptions['config'],
  unsupported: 'error' | 'warn',
): Promise<ParsedConfig> {
  if (typeof source !== 'string' && !(source instanceof URL)) {
    if (typeof source !== 'object' || source === null) {
      throw invalid('config is missing; give a path, a file: URL, or the configuration itself');
    }
    return parseConfig(source, { source: 'the configuration', unsupported });
  }
  const path = source instanceof URL ? toPath(source) : source;
  return parseConfigText(await readConfigFile(path), { source: path, unsupported });
}

function toPath(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw invalid(`config is ${url.href}; only file: URLs can be read`, cause);
  }
}

/** Reads a configuration file; the error says what to do about it. */
export async function readConfigFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SidecarError(
      'SIDECAR_CONFIG_UNREADABLE',
      `the configuration ${path} cannot be read: ${await explainReadError(path, cause)}`,
      { cause },
    );
  }
}

async function explainReadError(path: string, cause: unknown): Promise<string> {
  const { code } = cause as NodeJS.ErrnoException;
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) {
    return 'it is a folder; name the file in it';
  }
  switch (code) {
    case 'ENOENT':
      return `there is no such file (looked for it from ${process.cwd()})`;
    case 'EACCES':
      return 'this process may not read it';
    default:
      return `the system says ${code ?? String(cause)}`;
  }
}

function checkMounts(
  mount: Readonly<Record<string, MountedApplication>>,
  config: Config,
): ReadonlyMap<string, MountedApplication> {
  const names = config.clusterManager.clusters.map((cluster) => cluster.name);
  const mounts = new Map<string, MountedApplication>();
  for (const [name, application] of Object.entries(mount)) {
    if (!names.includes(name)) {
      throw invalid(`mount names the cluster "${name}", but the clusters are: ${list(names)}`);
    }
    if (typeof application !== 'function' && !(application instanceof Server)) {
      throw invalid(`mount.${name} is neither a (request, response) handler nor an http.Server`);
    }
    mounts.set(name, application);
  }
  return mounts;
}

function checkListenOn(
  listenOn: Readonly<Record<string, string>>,
  config: Config,
): ReadonlyMap<string, TcpAddress> {
  const configured = [...config.listeners.map(({ address }) => address), config.admin.address];
  const known = configured.map(formatAddress);
  const map = new Map<string, TcpAddress>();
  for (const [from, to] of Object.entries(listenOn)) {
    const source = toAddress(from, 'listenOn');
    const target = toAddress(to, `listenOn["${from}"]`);
    if (!known.includes(formatAddress(source))) {
      throw invalid(`listenOn names ${from}, but the configured addresses are: ${list(known)}`);
    }
    if (target.kind !== 'tcp') {
      throw invalid(`listenOn["${from}"] is ${to}, expected tcp://ip:port`);
    }
    map.set(formatAddress(source), target);
  }
  return map;
}

function toAddress(text: string, where: string): Address {
  const parsed = parseAddress(text);
  if (parsed.problem !== undefined) {
    throw invalid(`${where}: ${parsed.problem}`);
  }
  return parsed.address;
}

function checkConnectTo(connectTo: Readonly<Record<string, string>>): ReadonlyMap<string, Address> {
  const map = new Map<string, Address>();
  for (const [from, to] of Object.entries(connectTo)) {
    const source = parseHostPort(from);
    const target = parseHostPort(to);
    if (source.problem !== undefined) {
      throw invalid(`connectTo: ${source.problem}`);
    }
    if (target.problem !== undefined) {
      throw invalid(`connectTo["${from}"]: ${target.problem}`);
    }
    map.set(formatHostPort(source.address), target.address);
  }
  return map;
}

function checkOutboundListeners(names: readonly string[] | undefined, config: Config): void {
  const known = config.listeners.map((listener) => listener.name);
  for (const name of names ?? []) {
    if (!known.includes(name)) {
      throw invalid(`outbound.listeners names "${name}", but the listeners are: ${list(known)}`);
    }
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

function invalid(message: string, cause?: unknown): SidecarError {
  return new SidecarError(
    'SIDECAR_OPTION_INVALID',
    message,
    cause === undefined ? undefined : { cause },
  );
}
