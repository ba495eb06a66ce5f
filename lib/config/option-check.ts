import { SidecarError } from '../base/errors.js';
import { describeValue } from './describe-value.js';
import { isJsonObject } from './json-members.js';

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

/** Returns the error for an option that is wrong. */
export function optionInvalid(message: string, cause?: unknown): SidecarError {
  return new SidecarError(
    'SIDECAR_OPTION_INVALID',
    message,
    cause === undefined ? undefined : { cause },
  );
}
