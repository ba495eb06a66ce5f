import { readDecimal } from '../base/decimal.js';
import { quoteText } from '../config/describe-value.js';
import { findNearestName } from '../config/nearest-name.js';
import { UsageError } from './usage-error.js';

/** One flag of a command, for the parser and for the help alike. */
export interface Flag {
  /** The long name, without dashes. */
  readonly name: string;
  /** The one-letter name, if it has one. */
  readonly short?: string;
  /** What stands for the value in the help. A flag without it is a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly repeatable?: boolean;
  /** What it does, and its default; the help breaks the lines. */
  readonly help: string;
}

/** Flags that belong together, under one title in the help. */
export interface FlagGroup {
  readonly title: string;
  readonly flags: readonly Flag[];
}

/** Flags that users of another program will try: the name, and why it is not there. */
export type ForeignFlags = Readonly<Record<string, string>>;

/** The flags of one command line, with their values as written. */
export class ParsedFlags {
  /** What stands between the flags and is none, in order. */
  readonly operands: string[] = [];
  readonly #values = new Map<string, string[]>();

  add(flag: Flag, value: string): void {
    const values = this.#values.get(flag.name);
    if (values === undefined) {
      this.#values.set(flag.name, [value]);
    } else if (flag.repeatable === true) {
      values.push(value);
    } else {
      throw new UsageError(`--${flag.name} is given twice`);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Reads a whole number of at least `minimum`. */
  integer(name: string, minimum: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) {
      return undefined;
    }
    const value = readDecimal(text);
    if (value === undefined || value < minimum) {
      throw new UsageError(
        `--${name} must be a whole number, ${minimum} or more; it is ${quoteText(text)}`,
      );
    }
    return value;
  }

  /** Reads one word out of a few. */
  choice<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name);
    const word = words.find((candidate) => candidate === text);
    if (text !== undefined && word === undefined) {
      throw new UsageError(
        `--${name} must be one of ${words.join(', ')}; it is ${quoteText(text)}`,
      );
    }
    return word;
  }
}

/**
 * Reads a command line; throws `UsageError` for anything that is not in `groups`.
 *
 * Takes `--flag value`, `--flag=value`, `-f value` and `-f=value`. One dash before a long name
 * will do as well: programs written in Go, kubernetes-envoy-sds among them, are called that way.
 */
export function parseFlags(
  args: readonly string[],
  groups: readonly FlagGroup[],
  foreign: ForeignFlags = {},
  operands: 'with operands' | 'flags only' = 'flags only',
): ParsedFlags {
  const flags = groups.flatMap((group) => group.flags);
  const parsed = new ParsedFlags();
  for (let i = 0; i < args.length; i++) {
    // The index is below the length.
    const argument = args[i] as string;
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
    if (match === null) {
      if (operands === 'flags only') {
        throw new UsageError(`unexpected argument ${quoteText(argument)}`);
      }
      parsed.operands.push(argument);
      continue;
    }
    const [, name = '', inlineValue] = match;
    const flag = flags.find((candidate) => candidate.name === name || candidate.short === name);
    if (flag === undefined) {
      throw new UsageError(describeUnknownFlag(argument, name, flags, foreign));
    }
    if (flag.value === undefined) {
      if (inlineValue !== undefined) {
        throw new UsageError(`--${flag.name} takes no value`);
      }
      parsed.add(flag, '');
    } else if (inlineValue !== undefined) {
      parsed.add(flag, inlineValue);
    } else {
      parsed.add(flag, readNextValue(flag, args[++i]));
    }
  }
  return parsed;
}

function readNextValue(flag: Flag, value: string | undefined): string {
  if (value === undefined) {
    throw new UsageError(`--${flag.name} needs a value: --${flag.name} ${flag.value}`);
  }
  // A forgotten value would otherwise swallow the next flag. Negative numbers are let through
  // to be told off as numbers.
  if (/^-\D/.test(value)) {
    throw new UsageError(
      `--${flag.name} needs a value, but ${value} follows; ` +
        `a value that starts with a dash is written --${flag.name}=${value}`,
    );
  }
  return value;
}

function describeUnknownFlag(
  argument: string,
  name: string,
  flags: readonly Flag[],
  foreign: ForeignFlags,
): string {
  const reason = Object.hasOwn(foreign, name) ? foreign[name] : undefined;
  if (reason !== undefined) {
    return `--${name} is a flag of Envoy that pillion does not take: ${reason}`;
  }
  const written = argument.replace(/=.*$/s, '');
  const names = flags.map((flag) => flag.name);
  const suggestion = findNearestName(name, names);
  return suggestion === undefined
    ? `unknown flag ${written}`
    : `unknown flag ${written}; did you mean --${suggestion}?`;
}
