import { describeProblem } from '../base/errors.js';
import { explainConfig } from '../config-report.js';
import type { Explanation } from '../explain/explanation.js';
import { formatExplanation } from '../explain/format-explanation.js';
import type { CommandIo } from './command-io.js';
import { explainFlags, readExplainCommand } from './explain-flags.js';
import { parseFlags } from './flags.js';
import { formatFlags } from './help.js';
import { loadHttpFilters } from './load-http-filters.js';

/** Runs `pillion explain`; resolves to the exit code. */
export async function runExplain(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseFlags(args, explainFlags, {}, 'with operands');
  if (parsed.has('help')) {
    io.stdout(formatExplainHelp());
    return 0;
  }
  const command = readExplainCommand(parsed);
  const { configPath, request, unsupported } = command;
  const httpFilters = Object.keys(await loadHttpFilters(command.httpFiltersPath));
  const registrations = command.hasRegistrations;
  const explanation = await explainConfig(configPath, request, {
    unsupported,
    httpFilters,
    registrations,
  });
  if (!command.isJson) {
    for (const warning of explanation.warnings) {
      io.stderr(`warning: ${describeProblem(warning)}\n`);
    }
  }
  io.stdout(command.isJson ? formatJson(explanation) : formatExplanation(explanation));
  return 0;
}

/** What is not there is `null`, so that every key is always there. */
function formatJson(explanation: Explanation): string {
  const text = JSON.stringify(explanation, (_key, value: unknown) => value ?? null, 2);
  return `${text}\n`;
}

function formatExplainHelp(): string {
  return `pillion explain: what becomes of a request, and why

Names the listener, the virtual host, the route and the cluster that a request
takes, what is changed on it, and for each route before why it does not match.
Nothing is sent and nothing is opened.

Usage:
  pillion explain -c envoy.json [METHOD] URL [-H 'name: value'] [flags]

${formatFlags(explainFlags)}
Examples:
  pillion explain -c envoy.json http://foo.com/orders/1
  pillion explain -c envoy.json POST http://foo.com:8080/ -H 'x-version: 2' --json

Exit codes: 0 explained, whatever the answer would be; 1 the configuration was
refused, or cannot be read; 2 wrong usage.
`;
}
