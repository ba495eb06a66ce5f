/** What the access logs, the clients and the hosts know, as numbers to compare statistics with. */

import { cdsCluster, extraCluster, extraListener, webSocketCluster } from './config.mjs';

/** Counters go with what they belong to, and these come and go. */
export const passing = new Set([cdsCluster, extraCluster, extraListener]);

/** The connection manager of calls by the name of a cluster, which has no access log. */
const nameDoor = 'outbound';

/** Numbers of each cluster and each connection manager, by the names of `sums.mjs`. */
export class Tally {
  #results;
  #hasBackOff;
  #clusters = new Map();
  #doors = new Map();

  /**
   * @param known `arrivals`: for each cluster, how many requests came to its hosts; `hasBackOff`:
   *   whether a request may be given up between two attempts
   */
  constructor(results, { arrivals, hasBackOff }) {
    this.#results = results;
    this.#hasBackOff = hasBackOff;
    for (const [cluster, count] of arrivals) {
      this.#clusters.set(cluster, { REQUESTS: 0, ATTEMPTS_AT_HOSTS: count });
    }
  }

  /** Takes a line of an access log. */
  add(door, { id, code, flags, cluster }) {
    const isTunnel = cluster === webSocketCluster;
    const isCut = code !== 0 && code < 500 && /U[CRTFO]|LR/.test(flags);
    const numbers = find(this.#doors, door);
    numbers.REQUESTS += 1;
    count(numbers, `REQUESTS_${Math.floor(code / 100)}xx`, true);
    count(numbers, 'REQUESTS_101', code === 101);
    count(numbers, 'TUNNELS', isTunnel);
    count(numbers, 'REQUESTS_NR', flags.includes('NR'));
    count(numbers, 'REQUESTS_UNANSWERED', code === 0);
    count(numbers, 'REQUESTS_CUT', isCut && !isTunnel);
    // The cluster did not exist, and counts nothing.
    if (!flags.includes('NR')) this.#addToCluster(cluster, { id, code, flags });
  }

  /** Takes what is in no log from the clients; returns the numbers of all that are to be compared. */
  finish() {
    for (const { door, cluster, status, end } of this.#results.byId.values()) {
      const isLeft = end !== 'complete';
      if (door !== 'name') {
        if (this.#doors.has(door)) count(find(this.#doors, door), 'REQUESTS_LEFT', isLeft);
        continue;
      }
      const numbers = find(this.#doors, nameDoor);
      numbers.REQUESTS += 1;
      count(numbers, `REQUESTS_${Math.floor(status / 100)}xx`, true);
      count(numbers, 'REQUESTS_LEFT', isLeft);
      count(numbers, 'REQUESTS_CUT', isLeft && status !== 0);
      find(this.#clusters, cluster).REQUESTS += 1;
    }
    for (const name of passing) {
      this.#clusters.delete(name);
      this.#doors.delete(name);
    }
    return { clusters: this.#clusters, doors: this.#doors };
  }

  #addToCluster(cluster, { id, code, flags }) {
    const numbers = find(this.#clusters, cluster);
    const isRetried = this.#hasBackOff && this.#results.byId.get(id)?.isOnce !== true;
    numbers.REQUESTS += 1;
    count(numbers, 'REQUESTS_101', code === 101);
    count(numbers, 'REQUESTS_GIVEN_UP', isRetried && (code === 0 || flags.includes('UT')));
    for (const flag of ['UH', 'UO', 'UT', 'UF']) {
      count(numbers, `REQUESTS_${flag}`, flags.includes(flag));
    }
  }
}

function find(map, key) {
  const numbers = map.get(key) ?? { REQUESTS: 0 };
  map.set(key, numbers);
  return numbers;
}

function count(numbers, name, isSo) {
  numbers[name] = (numbers[name] ?? 0) + (isSo ? 1 : 0);
}
