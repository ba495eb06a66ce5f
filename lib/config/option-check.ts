import { SidecarError } from '../base/errors.js';
import { describeValue } from './describe-value.js';
import { isJsonObject } from './json-members.js';
import { findNearestName } from './nearest-name.js';

/** Returns the entries of an option that is an object; none if it is left out. */
export function entriesOf(option: string, value: unknown): [string, unknown][] {
  if (value === undefined) {
    return [];
  }
  if (!isJsonObject(value)) {
    throw optionInvalid(`${option} is ${describeValue(value)}, expected an object`);
  }
  return Object.entries(value);
}

/** Names, for a message that says what there is. */
export function listNames(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

/** Throws if `options` has one that is not among `known`. `path` stands in front of their names. */
export function checkOptionNames(options: object, known: readonly string[], path = ''): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw unknownOption(unknown, known, path);
  }
}

/** Returns the error for an option that does not exist, with the one that may be meant. */
export function unknownOption(name: string, known: readonly string[], path = ''): SidecarError {
  const there = known.length === 1 ? 'there is' : 'there are';
  return optionInvalid(
    `unknown option "${path}${name}"; ${there}: ${listNames(known)}${hintAtName(name, known)}`,
  );
}

/** What to add to a message about a name that does not exist: the one that may be meant. */
export function hintAtName(name: string, known: Iterable<string>): string {
  const nearest = findNearestName(name, known);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}

/** Throws if a function that takes nothing is given something. `hint` says how it is called. */
export function refuseArguments(given: readonly unknown[], name: string, hint: string): void {
  if (given.some((argument) => argument !== undefined)) {
    throw optionInvalid(`${name}() takes no arguments; ${hint}`);
  }
}

/** Returns the error for an option that is wrong. */
export function optionInvalid(message: string, cause?: unknown): SidecarError {
  return new SidecarError(
    'SIDECAR_OPTION_INVALID',
    message,
    cause === undefined ? undefined : { cause },
  );
}
