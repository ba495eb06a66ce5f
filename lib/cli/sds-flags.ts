import { defaultClusterDomain } from '../sds-server/service-name.js';
import type { FlagGroup, ParsedFlags } from './flags.js';
import { type LogLevel, logLevels } from './stderr-logger.js';
import { UsageError } from './usage-error.js';

/** Where kubernetes-envoy-sds listens unless it is told otherwise. */
const defaultHttp = '127.0.0.1:8080';

/** The flags of `pillion sds`; the first two are those of kubernetes-envoy-sds. */
export const sdsFlags: readonly FlagGroup[] = [
  {
    title: 'Flags:',
    flags: [
      {
        name: 'http',
        value: 'ADDRESS',
        help: `Where to listen, as host:port, or :port for every address. Default: ${defaultHttp}.`,
      },
      {
        name: 'cluster-domain',
        value: 'DOMAIN',
        help: `What follows <service>.<namespace> in a name. Default: ${defaultClusterDomain}.`,
      },
      { name: 'file', value: 'PATH', help: 'The file with the registrations. Required.' },
      {
        name: 'log-level',
        short: 'l',
        value: 'LEVEL',
        help: `One of ${logLevels.join(', ')}. Default: info.`,
      },
      { name: 'help', short: 'h', help: 'Prints this.' },
    ],
  },
];

/** A command line of `pillion sds`, read and checked. */
export interface SdsOptions {
  readonly listen: string;
  readonly clusterDomain: string;
  readonly file: string;
  readonly logLevel: LogLevel;
}

/** Fills in the defaults; throws `UsageError` for values that make no sense. */
export function readSdsOptions(parsed: ParsedFlags): SdsOptions {
  const file = parsed.text('file');
  if (file === undefined || file === '') {
    throw new UsageError('where are the registrations? Name the file by --file');
  }
  return {
    listen: parsed.text('http') ?? defaultHttp,
    clusterDomain: parsed.text('cluster-domain') ?? defaultClusterDomain,
    file,
    logLevel: parsed.choice('log-level', logLevels) ?? 'info',
  };
}
