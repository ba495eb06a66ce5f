import { systemClock } from '../base/clock.js';
import { startSdsServer } from '../sds-server/sds-server.js';
import type { CommandIo } from './command-io.js';
import { parseFlags } from './flags.js';
import { formatFlags } from './help.js';
import { addListenHint } from './listen-hint.js';
import { readSdsOptions, sdsFlags } from './sds-flags.js';
import { ShutdownSignals, type SignalSource } from './shutdown-signals.js';
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
  const server = await startSdsServer({ ...options, logger, clock: systemClock }).catch((error) => {
    throw addListenHint(error, () => 'Choose another address by --http.');
  });
  const signals = new ShutdownSignals(signalSource, systemClock);
  logger.info(`registrations are served at http://${server.address}/v1/registration/`);
  logger.info(`${await signals.first}: closing`);
  await server.close();
  return 0;
}

function formatSdsHelp(): string {
  return `pillion sds: Envoy v1 service discovery from a file

Answers GET /v1/registration/<service>.<namespace>.<cluster domain> with the
hosts of that service, as kubernetes-envoy-sds does.

Usage:
  pillion sds --file registrations.json [flags]

${formatFlags(sdsFlags)}
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
  pillion sds --file registrations.json --http 127.0.0.1:9080
  curl http://127.0.0.1:9080/v1/registration/orders.default.svc.cluster.local

Exit codes: 0 ended by SIGTERM or SIGINT; 1 the file is missing or wrong, or the
address cannot be bound; 2 wrong usage.
`;
}
