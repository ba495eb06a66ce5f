import { formatAddress, parseAddress } from '../config/address.js';
import { quoteText } from '../config/describe-value.js';
import type { FlagGroup, ForeignFlags, ParsedFlags } from './flags.js';
import { httpFiltersFlag } from './load-http-filters.js';
import { registrationsFlag } from './load-registrations.js';
import { type LogLevel, logLevels } from './stderr-logger.js';
import { UsageError } from './usage-error.js';

/** The flags of `pillion` itself. Names, short names and defaults are Envoy's: reference 0.4. */
export const serveFlags: readonly FlagGroup[] = [
  {
    title: 'Configuration:',
    flags: [
      {
        name: 'config-path',
        short: 'c',
        value: 'PATH',
        help: 'The Envoy v1 configuration, in JSON or (.yaml, .yml) in YAML. Required.',
      },
      {
        name: 'mode',
        value: 'serve|validate',
        help: 'validate checks the configuration, prints OK or every problem, and ends; nothing is bound. Default: serve.',
      },
      {
        name: 'unsupported',
        value: 'error|warn',
        help: 'What a key does that Envoy knows and pillion does not support: refuse the configuration, or only say so. Default: error.',
      },
      httpFiltersFlag,
      registrationsFlag,
      { name: 'json', help: 'With --mode validate: prints the result as JSON.' },
    ],
  },
  {
    title: 'Addresses:',
    flags: [
      {
        name: 'listen-on',
        value: 'A=B',
        repeatable: true,
        help: 'Binds B where the configuration says A, for listeners and for the admin server. Both are written as in the configuration; port 0 lets the system choose. May be given several times.',
      },
      {
        name: 'connect-to',
        value: 'H:P:H2:P2',
        repeatable: true,
        help: 'Connects to H2:P2 where the configuration says H:P, as with curl. IPv6 addresses stand in brackets. May be given several times.',
      },
    ],
  },
  {
    title: 'Identity:',
    flags: [
      {
        name: 'service-cluster',
        value: 'NAME',
        help: 'The cluster this instance belongs to. Default: empty.',
      },
      { name: 'service-node', value: 'NAME', help: 'The name of this instance. Default: empty.' },
      { name: 'service-zone', value: 'NAME', help: 'The zone it runs in. Default: empty.' },
    ],
  },
  {
    title: 'Running:',
    flags: [
      {
        name: 'log-level',
        short: 'l',
        value: 'LEVEL',
        help: `One of ${logLevels.join(', ')}. The log goes to the standard error output. Default: info.`,
      },
      {
        name: 'drain-time-s',
        value: 'SECONDS',
        help: 'How long requests under way may take to end after SIGTERM or SIGINT, and on a listener that has been replaced or removed; what remains then is cut. Default: 600.',
      },
      {
        name: 'file-flush-interval-msec',
        value: 'MILLISECONDS',
        help: 'How often access logs are written to their files. Default: 10000.',
      },
      {
        name: 'concurrency',
        value: 'NUMBER',
        help: 'Taken for the sake of existing command lines. One process is one worker: for more, start more processes.',
      },
    ],
  },
  {
    title: 'Other:',
    flags: [
      { name: 'version', help: 'Prints the version.' },
      { name: 'help', short: 'h', help: 'Prints this.' },
    ],
  },
];

const noHotRestart = 'there is no hot restart.';

/** Flags of Envoy that one may meet in an existing command line, and why they are refused. */
export const foreignFlags: ForeignFlags = {
  'admin-address-path': 'the log says where the admin server listens.',
  'allow-unknown-fields': 'an unknown key is an error; see --unsupported for known ones.',
  'base-id': noHotRestart,
  'config-yaml': 'put the configuration into a file and name it by --config-path.',
  'disable-hot-restart': `leave it out, ${noHotRestart}`,
  'hot-restart-version': noHotRestart,
  'local-address-ip-version': 'it is not supported yet.',
  'log-format': 'the format of the log is fixed.',
  'log-path': 'the log goes to the standard error output; redirect that.',
  'max-obj-name-len': 'the limit is the default of Envoy, 60 bytes.',
  'max-stats': 'statistics need no room set aside.',
  'parent-shutdown-time-s': noHotRestart,
  'restart-epoch': noHotRestart,
  'v2-config-only': 'configurations are of version 1.',
};

/** A command line of `pillion`, read and checked. */
export interface ServeOptions {
  readonly configPath: string;
  readonly mode: 'serve' | 'validate';
  readonly unsupported: 'error' | 'warn';
  /** Path of the module with the filters; `undefined` for none. */
  readonly httpFiltersPath: string | undefined;
  /** Who tells the hosts of clusters of type `sds`; `undefined` for the discovery service. */
  readonly registrations: 'kubernetes' | undefined;
  readonly listenOn: Readonly<Record<string, string>>;
  readonly connectTo: Readonly<Record<string, string>>;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly logLevel: LogLevel;
  readonly drainTimeMs: number;
  readonly fileFlushIntervalMs: number;
  readonly concurrency: number;
  readonly isJson: boolean;
}

/** Fills in the defaults; throws `UsageError` for values that make no sense. */
export function readServeOptions(parsed: ParsedFlags): ServeOptions {
  const configPath = parsed.text('config-path');
  if (configPath === undefined || configPath === '') {
    throw new UsageError('which configuration? Name it by --config-path (-c)');
  }
  const mode = parsed.choice('mode', ['serve', 'validate']) ?? 'serve';
  if (parsed.has('json') && mode !== 'validate') {
    throw new UsageError('--json goes with --mode validate');
  }
  return {
    configPath,
    mode,
    unsupported: parsed.choice('unsupported', ['error', 'warn']) ?? 'error',
    httpFiltersPath: parsed.text('http-filters'),
    registrations: parsed.choice('registrations', ['kubernetes']),
    listenOn: readPairs('listen-on', parsed.texts('listen-on'), readListenOn),
    connectTo: readPairs('connect-to', parsed.texts('connect-to'), readConnectTo),
    serviceCluster: parsed.text('service-cluster') ?? '',
    serviceNode: parsed.text('service-node') ?? '',
    serviceZone: parsed.text('service-zone') ?? '',
    logLevel: parsed.choice('log-level', logLevels) ?? 'info',
    drainTimeMs: (parsed.integer('drain-time-s', 0) ?? 600) * 1000,
    fileFlushIntervalMs: parsed.integer('file-flush-interval-msec', 1) ?? 10_000,
    concurrency: parsed.integer('concurrency', 0) ?? 1,
    isJson: parsed.has('json'),
  };
}

type Pair = readonly [from: string, to: string];

function readPairs(
  flag: string,
  texts: readonly string[],
  read: (text: string) => Pair,
): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const [from, to] = read(text);
    if (pairs.has(from)) {
      throw new UsageError(`--${flag} is given twice for ${from}`);
    }
    pairs.set(from, to);
  }
  return Object.fromEntries(pairs);
}

function readListenOn(text: string): Pair {
  const [from, to, ...more] = text.split('=');
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UsageError(
      `--listen-on must be two addresses, as in tcp://0.0.0.0:80=tcp://127.0.0.1:8080; it is ${quoteText(text)}`,
    );
  }
  return [readAddress(from), readAddress(to)];
}

function readAddress(text: string): string {
  const { address, problem } = parseAddress(text);
  if (address === undefined) {
    throw new UsageError(`--listen-on: ${problem}`);
  }
  return formatAddress(address);
}

const connectToPattern = /^(\[[^\]]+\]|[^:[\]]+):(\d+):(\[[^\]]+\]|[^:[\]]+):(\d+)$/;

function readConnectTo(text: string): Pair {
  const [, fromHost, fromPort, toHost, toPort] = connectToPattern.exec(text) ?? [];
  if (fromHost === undefined) {
    throw new UsageError(
      `--connect-to must be host:port:host:port, as in sds.kube-system:80:127.0.0.1:9080; it is ${quoteText(text)}`,
    );
  }
  return [`${fromHost}:${fromPort}`, `${toHost}:${toPort}`];
}
