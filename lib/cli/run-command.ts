import { SidecarError } from '../base/errors.js';
import { findNearestName } from '../config/nearest-name.js';
import type { CommandIo } from './command-io.js';
import type { SignalSource } from './shutdown-signals.js';
import { UsageError } from './usage-error.js';

/** Runs one command to its end; resolves to the exit code. */
type RunCommand = (
  args: readonly string[],
  io: CommandIo,
  signalSource: SignalSource,
) => Promise<number>;

/** Each command loads only what it needs: service discovery does without the data path. */
const loadServe = async (): Promise<RunCommand> => (await import('./serve-command.js')).runServe;
const loadExplain = async (): Promise<RunCommand> =>
  (await import('./explain-command.js')).runExplain;
const loadSds = async (): Promise<RunCommand> => (await import('./sds-command.js')).runSds;

/** What may stand in front of the flags, to do something else than serving. */
const subcommands = { explain: loadExplain, sds: loadSds } as const;

/**
 * Runs the command line `args` (without the program) to its end and resolves to the exit code:
 * 0 done, 1 refused configuration or no way to start, 2 wrong usage.
 */
export async function runCommand(
  args: readonly string[],
  io: CommandIo,
  signalSource: SignalSource,
): Promise<number> {
  const [first = '', ...rest] = args;
  const subcommand = isSubcommand(first) ? first : undefined;
  try {
    if (subcommand !== undefined) {
      const runSubcommand = await subcommands[subcommand]();
      return await runSubcommand(rest, io, signalSource);
    }
    if (first !== '' && !first.startsWith('-')) {
      throw new UsageError(describeUnknownCommand(first));
    }
    const runServe = await loadServe();
    return await runServe(args, io, signalSource);
  } catch (error) {
    return report(error, subcommand, io);
  }
}

function isSubcommand(word: string): word is keyof typeof subcommands {
  return Object.hasOwn(subcommands, word);
}

function describeUnknownCommand(word: string): string {
  const suggestion = findNearestName(word, Object.keys(subcommands));
  if (suggestion !== undefined) {
    return `unknown command ${word}; did you mean ${suggestion}?`;
  }
  return /\.(json|ya?ml)$/.test(word)
    ? `unexpected argument ${word}; a configuration is named by -c ${word}`
    : `unknown command ${word}`;
}

/** Says what is wrong; errors that are nobody's fault but ours keep their stack. */
function report(error: unknown, subcommand: string | undefined, io: CommandIo): number {
  const program = subcommand === undefined ? 'pillion' : `pillion ${subcommand}`;
  if (error instanceof UsageError) {
    io.stderr(`${program}: ${error.message}\nTry '${program} --help'.\n`);
    return 2;
  }
  if (!(error instanceof SidecarError)) {
    throw error;
  }
  io.stderr(`${program}: ${error.message}\n`);
  return error.code === 'SIDECAR_OPTION_INVALID' ? 2 : 1;
}
