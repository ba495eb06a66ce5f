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
      {
        name: 'file',
        value: 'PATH',
        help: 'A file with the registrations, for one machine. Default: they come from Kubernetes.',
      },
      {
        name: 'log-level',
        short: 'l',
        value: 'LEVEL',
        help: `One of ${logLevels.join(', ')}. Default: info.`,
      },
      { name: 'help', short: 'h', help: 'Prints this.' },
    ],
  },
  {
    title: 'Kubernetes:',
    flags: [
      {
        name: 'namespace',
        short: 'n',
        value: 'NAME',
        repeatable: true,
        help: 'Watches this namespace and no other. May be given several times. Default: all namespaces, which takes a ClusterRole.',
      },
      {
        name: 'kubeconfig',
        value: 'PATH',
        help: 'The kubeconfig file. Default: KUBECONFIG, else the service account of the pod, else ~/.kube/config.',
      },
      {
        name: 'context',
        value: 'NAME',
        help: 'A context in the kubeconfig. Default: its current one.',
      },
    ],
  },
];

/** The flags that go without a file. */
const kubernetesFlags = ['namespace', 'kubeconfig', 'context'];

/** A command line of `pillion sds`, read and checked. */
export interface SdsOptions {
  readonly listen: string;
  readonly clusterDomain: string;
  /** `undefined` if the registrations come from Kubernetes. */
  readonly file: string | undefined;
  /** Empty for all. */
  readonly namespaces: readonly string[];
  readonly kubeConfigFile: string | undefined;
  readonly context: string | undefined;
  readonly logLevel: LogLevel;
}

/** Fills in the defaults; throws `UsageError` for values that make no sense. */
export function readSdsOptions(parsed: ParsedFlags): SdsOptions {
  const file = parsed.text('file');
  for (const name of ['file', ...kubernetesFlags]) {
    if (parsed.texts(name).includes('')) {
      throw new UsageError(`--${name} is empty`);
    }
  }
  const needless = kubernetesFlags.find((name) => parsed.has(name));
  if (file !== undefined && needless !== undefined) {
    throw new UsageError(`--${needless} goes without --file: it is about Kubernetes`);
  }
  return {
    listen: parsed.text('http') ?? defaultHttp,
    clusterDomain: parsed.text('cluster-domain') ?? defaultClusterDomain,
    file,
    namespaces: parsed.texts('namespace'),
    kubeConfigFile: parsed.text('kubeconfig'),
    context: parsed.text('context'),
    logLevel: parsed.choice('log-level', logLevels) ?? 'info',
  };
}
