import { isJsonObject } from './json-members.js';

/**
 * Returns the names that options may name: those of the configuration, and, if more may be discovered,
 * whatever the options name. A name that is misspelled cannot be told from one that is yet to come.
 */
export function discoverableNames(
  known: readonly string[],
  areDiscovered: boolean,
  ...options: readonly unknown[]
): readonly string[] {
  return areDiscovered ? [...new Set([...known, ...options.flatMap(namesIn)])] : known;
}

/** The names in an option, which is not checked yet: the keys of an object, or the items of a list. */
function namesIn(option: unknown): readonly string[] {
  const names = Array.isArray(option) ? option : isJsonObject(option) ? Object.keys(option) : [];
  return names.filter((name) => typeof name === 'string');
}
