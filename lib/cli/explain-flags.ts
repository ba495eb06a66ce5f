import { quoteText } from '../config/describe-value.js';
import type { ExplainOptions } from '../explain/explained-request.js';
import type { FlagGroup, ParsedFlags } from './flags.js';
import { httpFiltersFlag } from './load-http-filters.js';
import { registrationsFlag } from './load-registrations.js';
import { UsageError } from './usage-error.js';

/** The flags of `pillion explain`. */
export const explainFlags: readonly FlagGroup[] = [
  {
    title: 'Flags:',
    flags: [
      {
        name: 'config-path',
        short: 'c',
        value: 'PATH',
        help: 'The Envoy v1 configuration, in JSON or (.yaml, .yml) in YAML. Required.',
      },
      {
        name: 'header',
        short: 'H',
        value: "'NAME: VALUE'",
        repeatable: true,
        help: "A header of the request, as the router sees it. May be given several times. 'host: ...' takes the place of the URL's host; 'x-envoy-internal: true' makes the request internal.",
      },
      {
        name: 'listener',
        value: 'NAME',
        help: "The listener that the request comes to. Default: the one with the URL's port, else the first that has routes for the host.",
      },
      {
        name: 'random',
        value: 'NUMBER',
        help: 'The number that shares and weights are drawn by. Default: 0.',
      },
      {
        name: 'runtime',
        value: 'KEY=NUMBER',
        repeatable: true,
        help: 'A runtime value. May be given several times.',
      },
      httpFiltersFlag,
      registrationsFlag,
      { name: 'json', help: 'Prints the explanation as JSON.' },
      {
        name: 'unsupported',
        value: 'error|warn',
        help: 'What a key does that Envoy knows and pillion does not support: refuse the configuration, or only say so. Default: warn.',
      },
      { name: 'help', short: 'h', help: 'Prints this.' },
    ],
  },
];

/** A command line of `pillion explain`, read and checked. */
export interface ExplainCommand {
  readonly configPath: string;
  readonly unsupported: 'error' | 'warn';
  /** Path of the module with the filters; `undefined` for none. */
  readonly httpFiltersPath: string | undefined;
  /** Whether the hosts of clusters of type `sds` come from elsewhere than a discovery service. */
  readonly hasRegistrations: boolean;
  readonly isJson: boolean;
  readonly request: ExplainOptions;
}

/** Fills in the defaults; throws `UsageError` for values that make no sense. */
export function readExplainCommand(parsed: ParsedFlags): ExplainCommand {
  const configPath = parsed.text('config-path');
  if (configPath === undefined || configPath === '') {
    throw new UsageError('which configuration? Name it by --config-path (-c)');
  }
  const [method, url] = readTarget(parsed.operands);
  const listener = parsed.text('listener');
  return {
    configPath,
    unsupported: parsed.choice('unsupported', ['error', 'warn']) ?? 'warn',
    httpFiltersPath: parsed.text('http-filters'),
    hasRegistrations: parsed.choice('registrations', ['kubernetes']) !== undefined,
    isJson: parsed.has('json'),
    request: {
      method,
      url,
      headers: parsed.texts('header').map(readHeader),
      random: parsed.integer('random', 0) ?? 0,
      runtime: Object.fromEntries(parsed.texts('runtime').map(readRuntime)),
      ...(listener === undefined ? {} : { listener }),
    },
  };
}

/** `GET http://foo.com/`, or the URL alone. */
function readTarget(operands: readonly string[]): [method: string, url: string] {
  const [first, second, ...more] = operands;
  if (first === undefined || more.length > 0) {
    throw new UsageError('which request? Name it by method and URL, as in GET http://foo.com/');
  }
  return second === undefined ? ['GET', first] : [first, second];
}

function readHeader(text: string): readonly [string, string] {
  const [, name, value] = /^(:?[^:\s]+):\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(
      `--header must be a name and a value, as in 'x-user: 1'; it is ${quoteText(text)}`,
    );
  }
  return [name, value];
}

function readRuntime(text: string): readonly [string, number] {
  const [, key, digits] = /^([^=]+)=(\d{1,15})$/.exec(text) ?? [];
  if (key === undefined) {
    throw new UsageError(
      `--runtime must be KEY=NUMBER, as in routing.new=50; it is ${quoteText(text)}`,
    );
  }
  return [key, Number(digits)];
}
