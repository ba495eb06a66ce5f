import { systemClock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import { readVersion } from '../base/version.js';
import { validateConfig } from '../config-report.js';
import { checkTlsFiles } from '../downstream/tls/listener-tls-manager.js';
import { checkLuaScripts } from '../filters/lua/load-lua-scripts.js';
import { loadTranscoders } from '../filters/transcoder/load-transcoders.js';
import { createSidecar, type Sidecar } from '../sidecar.js';
import { checkOptions, type SidecarOptions } from '../sidecar-options.js';
import { checkClusterTls } from '../upstream/tls/cluster-tls-material.js';
import type { CommandIo } from './command-io.js';
import { parseFlags } from './flags.js';
import { formatFlags } from './help.js';
import { addListenHint, describeListenOn } from './listen-hint.js';
import { loadHttpFilters } from './load-http-filters.js';
import { loadRegistrations } from './load-registrations.js';
import { foreignFlags, readServeOptions, type ServeOptions, serveFlags } from './serve-flags.js';
import { ShutdownSignals, type SignalSource, signalExitCode } from './shutdown-signals.js';
import { createStderrLogger } from './stderr-logger.js';

/** Runs `pillion` without a subcommand; resolves to the exit code. */
export async function runServe(
  args: readonly string[],
  io: CommandIo,
  signalSource: SignalSource,
): Promise<number> {
  if (args.length === 0) {
    io.stderr(formatServeHelp());
    return 2;
  }
  const parsed = parseFlags(args, serveFlags, foreignFlags);
  if (parsed.has('help')) {
    io.stdout(formatServeHelp());
    return 0;
  }
  if (parsed.has('version')) {
    io.stdout(`pillion ${readVersion()}\n`);
    return 0;
  }
  const options = readServeOptions(parsed);
  const logger = createStderrLogger(options.logLevel, io, systemClock);
  return options.mode === 'validate'
    ? await validate(options, io, logger)
    : await serve(options, logger, signalSource);
}

/** Checks everything that serving would check, and opens nothing: as `envoy --mode validate`. */
async function validate(options: ServeOptions, io: CommandIo, logger: Logger): Promise<number> {
  if (options.isJson) {
    const httpFilters = Object.keys(await loadHttpFilters(options.httpFiltersPath));
    const { configPath, unsupported } = options;
    const registrations = options.registrations !== undefined;
    const report = await validateConfig(configPath, { unsupported, httpFilters, registrations });
    io.stdout(`${JSON.stringify(report, null, 2)}\n`);
    return report.problems.length === 0 ? 0 : 1;
  }
  const { config } = await checkOptions(await toSidecarOptions(options, logger));
  await checkTlsFiles(config.listeners, systemClock.wallNow());
  await checkClusterTls(config.clusterManager, systemClock.wallNow());
  await checkLuaScripts(config.listeners);
  await loadTranscoders(config.listeners, logger);
  io.stdout(`configuration '${options.configPath}' OK\n`);
  return 0;
}

async function toSidecarOptions(options: ServeOptions, logger: Logger): Promise<SidecarOptions> {
  return {
    config: options.configPath,
    serviceCluster: options.serviceCluster,
    serviceNode: options.serviceNode,
    serviceZone: options.serviceZone,
    listenOn: options.listenOn,
    connectTo: options.connectTo,
    unsupported: options.unsupported,
    httpFilters: await loadHttpFilters(options.httpFiltersPath),
    ...(await loadRegistrations(options.registrations, logger)),
    accessLogFlushIntervalMs: options.fileFlushIntervalMs,
    drainTimeMs: Math.max(options.drainTimeMs, 1),
    logger,
  };
}

/** Serves until a signal, then drains. */
async function serve(
  options: ServeOptions,
  logger: Logger,
  signalSource: SignalSource,
): Promise<number> {
  const { concurrency, drainTimeMs } = options;
  if (concurrency > 1) {
    logger.warn(
      `--concurrency ${concurrency}: one process is one worker; for more, start more processes`,
    );
  }
  const signals = new ShutdownSignals(signalSource, systemClock);
  const sidecar = await start(options, logger, signals, signalSource);
  const signal = await signals.first;
  logger.info(`${signal}: draining; a second signal ends at once`);
  await sidecar.close({ timeoutMs: drainTimeMs });
  logger.info('closed');
  return 0;
}

/** Reads the configuration anew; if it is refused, the one in force stays. */
async function update(sidecar: Sidecar, options: ServeOptions, logger: Logger): Promise<void> {
  try {
    await sidecar.update(options.configPath);
    logger.info(`SIGHUP: ${options.configPath} is in force`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error(`SIGHUP: nothing has changed: ${reason}`);
  }
}

/** Starts the sidecar; a signal until then ends the process. */
async function start(
  options: ServeOptions,
  logger: Logger,
  signals: ShutdownSignals,
  signalSource: SignalSource,
): Promise<Sidecar> {
  let isStarting = true;
  void signals.first.then((signal) => {
    if (isStarting) {
      // Nothing is served yet, so there is nothing to wait for.
      signalSource.exit(signalExitCode(signal));
    }
  });
  // From the first moment on: nobody has to know whether the process has started to send one of them.
  let sidecar: Sidecar | undefined;
  let mayHaveChanged = false;
  // Envoy's SIGUSR1 is taken: Node.js opens its inspector on it.
  signalSource.on('SIGUSR2', () => void sidecar?.reopenLogs());
  signalSource.on('SIGHUP', () => {
    if (sidecar === undefined) {
      mayHaveChanged = true;
    } else {
      void update(sidecar, options, logger);
    }
  });
  try {
    sidecar = await createSidecar(await toSidecarOptions(options, logger));
    logAddresses(sidecar, logger);
    if (mayHaveChanged) {
      // Since the file was read.
      void update(sidecar, options, logger);
    }
    return sidecar;
  } catch (error) {
    throw addListenHint(error, (failed) => describeListenOn(failed, options.listenOn));
  } finally {
    isStarting = false;
  }
}

function logAddresses(sidecar: Sidecar, logger: Logger): void {
  logger.info(`admin server on ${sidecar.admin?.address}`);
  for (const { name, address } of sidecar.listeners) {
    logger.info(name === address ? `listener on ${address}` : `listener ${name} on ${address}`);
  }
}

function formatServeHelp(): string {
  return `pillion: an Envoy v1 sidecar on Node.js, for existing envoy.json files

Usage:
  pillion -c envoy.json [flags]
  pillion -c envoy.json --mode validate
  pillion explain -c envoy.json URL [flags]       (see pillion explain --help)
  pillion sds [flags]                             (see pillion sds --help)

${formatFlags(serveFlags)}
Examples:
  Without the right to bind port 80:
    pillion -c envoy.json --listen-on tcp://0.0.0.0:80=tcp://127.0.0.1:8080

  With another machine in the part of the discovery service:
    pillion -c envoy.json --connect-to sds.kube-system:80:127.0.0.1:9080

Ending:
  SIGTERM or SIGINT (Ctrl-C) drains: no new connections, requests under way are
  finished within --drain-time-s, then the process ends. A second signal ends it
  at once. To have load balancers turn away first, ask the admin server for
  /healthcheck/fail, wait for as long as they need, and send the signal then.

Changing the configuration:
  SIGHUP reads the file anew and puts it into force while requests go on: see
  docs/discovery.md. A file that is refused changes nothing.

Rotating logs:
  SIGUSR2 opens the access logs anew, after they have been moved away. (SIGUSR1
  belongs to Node.js: it opens the inspector.)

Exit codes:
  0 done; 1 the configuration was refused (every problem is named), or the
  process could not start; 2 wrong usage.
`;
}
