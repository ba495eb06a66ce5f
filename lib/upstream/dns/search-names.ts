import type { ResolvConf } from './resolv-conf.js';

/** The longest name that DNS can carry, written with dots and without a final one. */
const maxNameLength = 253;

/** Whether DNS can carry a name: labels of 1 to 63 bytes, of ASCII. */
export function isDnsName(name: string): boolean {
  return (
    name.length <= maxNameLength &&
    /^[\x21-\x7e]+$/.test(name) &&
    name.split('.').every((label) => label.length >= 1 && label.length <= 63)
  );
}

/**
 * Returns the names to ask for, in order, without final dots. A name that ends with a dot is asked
 * for as it is only; one with at least `ndots` dots first as it is, and then in each search domain;
 * any other one the other way round.
 */
export function searchNames(
  name: string,
  { search, ndots }: Pick<ResolvConf, 'search' | 'ndots'>,
): readonly string[] {
  if (name.endsWith('.')) {
    return [name.slice(0, -1)].filter(isDnsName);
  }
  const inDomains = search.map((domain) => (domain === '' ? name : `${name}.${domain}`));
  const isLong = name.split('.').length - 1 >= ndots;
  const names = isLong ? [name, ...inDomains] : [...inDomains, name];
  return [...new Set(names)].filter(isDnsName);
}
