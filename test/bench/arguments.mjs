/** Reads the command lines of the benchmarks that measure one thing. */

import { parseArgs } from 'node:util';

/**
 * Returns the options by name. `definitions` are those of `parseArgs`; one with a `range` is a
 * number. Prints `help` and ends the process: with 0 for `--help`, with 2 for wrong usage.
 */
export function readArguments(help, definitions) {
  try {
    const options = Object.fromEntries(
      Object.entries(definitions).map(([name, { range: _, ...definition }]) => [name, definition]),
    );
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean' } } });
    if (values.help) {
      process.stdout.write(help);
      process.exit(0);
    }
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        toValue(name, value, definitions[name].range),
      ]),
    );
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${help}`);
    process.exit(2);
  }
}

function toValue(name, value, range) {
  if (range === undefined) return value;
  const [min, max] = range;
  const number = Number(value);
  if (!(number >= min && number <= max)) {
    throw new RangeError(`--${name} must be a number from ${min} to ${max}`);
  }
  return number;
}
