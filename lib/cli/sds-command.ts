import { systemClock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { type SdsServer, serveRegistrations, startSdsServer } from '../sds-server/sds-server.js';
import type { CommandIo } from './command-io.js';
import { parseFlags } from './flags.js';
import { formatFlags } from './help.js';
import { addListenHint } from './listen-hint.js';
import { readSdsOptions, type SdsOptions, sdsFlags } from './sds-flags.js';
import { ShutdownSignals, type SignalSource, signalExitCode } from './shutdown-signals.js';
import { createStderrLogger } from './stderr-logger.js';

/** Runs `pillion sds` until a signal ends it; resolves to the exit code. */
export async function runSds(
  args: readonly string[],
  io: CommandIo,
  signalSource: SignalSource,
): Promise<number> {
  const parsed = parseFlags(args, sdsFlags);
  if (parsed.has('help')) {
    io.stdout(formatSdsHelp());
    return 0;
  }
  const options = readSdsOptions(parsed);
  const logger = createStderrLogger(options.logLevel, io, systemClock);
  const signals = new ShutdownSignals(signalSource, systemClock);
  let isStarting = true;
  void signals.first.then((signal) => {
    if (isStarting) {
      // Nothing is served yet, so there is nothing to close.
      signalSource.exit(signalExitCode(signal));
    }
  });
  const server = await start(options, logger).catch((error) => {
    throw addListenHint(error, () => 'Choose another address by --http.');
  });
  isStarting = false;
  logger.info(`registrations are served at http://${server.address}/v1/registration/`);
  logger.info(`${await signals.first}: closing`);
  await server.close();
  return 0;
}

async function start(options: SdsOptions, logger: Logger): Promise<SdsServer> {
  const { file, listen, clusterDomain } = options;
  if (file !== undefined) {
    return await startSdsServer({ listen, clusterDomain, file, logger, clock: systemClock });
  }
  const { KubernetesLookup } = await import('../kubernetes/kubernetes-lookup.js');
  const lookup = await KubernetesLookup.open({
    ...options,
    logger,
    clock: systemClock,
    random: systemRandom,
  });
  return await serveRegistrations(lookup, { listen, clusterDomain, logger });
}

function formatSdsHelp(): string {
  return `pillion sds: Envoy v1 service discovery from Kubernetes, or from a file

Answers GET /v1/registration/<service>.<namespace>.<cluster domain> with the
hosts of that service, as kubernetes-envoy-sds does.

Usage:
  pillion sds [flags]
  pillion sds --file registrations.json [flags]

${formatFlags(sdsFlags)}
Kubernetes:
  The hosts are the pods that are ready, on the first TCP port of the service;
  _<port>._tcp.<service>.<namespace>.<cluster domain> stands for another port.
  They are watched, and answers come from memory. While Kubernetes cannot be
  asked, the answers stay as they were; before it has been asked for the first
  time they are 500, and Envoy then keeps the hosts that it has.
  Needs the package @kubernetes/client-node, and the right to list and watch the
  endpointslices of the API group discovery.k8s.io.

The file:
  { "registrations": {
      "orders.default.svc.cluster.local": [
        { "ip_address": "10.0.0.1", "port": 80 },
        { "ip_address": "10.0.0.2", "port": 80, "tags": { "az": "eu-1a" } }
      ] } }

  A host may carry the tags az, canary (true or false) and load_balancing_weight
  (1 to 100). The file may be edited or replaced at any time; the next answer
  shows it. If an edit cannot be read, that is logged, and the registrations
  stay as they were. A service that is not in the file has no hosts.

Examples:
  pillion sds --http 0.0.0.0:80 --namespace default
  pillion sds --file registrations.json --http 127.0.0.1:9080
  curl http://127.0.0.1:9080/v1/registration/orders.default.svc.cluster.local

Exit codes: 0 ended by SIGTERM or SIGINT; 1 the file is missing or wrong, there
is no way to Kubernetes, or the address cannot be bound; 2 wrong usage.
`;
}
