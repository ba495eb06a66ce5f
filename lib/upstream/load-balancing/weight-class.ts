import type { Host } from '../host.js';

/**
 * Returns the hosts by their weight. There are at most 128 weights, however many hosts: what is made
 * of the classes costs the same for any number of hosts.
 */
export function groupByWeight(hosts: readonly Host[]): ReadonlyMap<number, readonly Host[]> {
  const [first] = hosts;
  if (first === undefined) {
    return new Map();
  }
  if (hosts.every((host) => host.weight === first.weight)) {
    return new Map([[first.weight, hosts]]);
  }
  const classes = new Map<number, Host[]>();
  for (const host of hosts) {
    const members = classes.get(host.weight);
    if (members === undefined) {
      classes.set(host.weight, [host]);
    } else {
      members.push(host);
    }
  }
  return classes;
}
