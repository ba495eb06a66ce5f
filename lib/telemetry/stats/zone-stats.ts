import { CodeStats } from './code-stats.js';
import { toNamePart } from './name-part.js';
import { NamedCounts } from './named-counts.js';
import type { StatSource, StatVisitor } from './stat-source.js';

/** So many zones are told apart. Their names come from discovery, which may make up new ones for ever. */
const maxZones = 100;

/** Counts responses by the zone of the host that they come from: `<from>.<to>.`, reference 8.3. */
export class ZoneStats implements StatSource {
  readonly #from: string;
  readonly #byZone = new NamedCounts(maxZones, () => new CodeStats());

  /** `from` is the zone of this process, which does not change. */
  constructor(from: string) {
    this.#from = from;
  }

  /** Counts a response of a host in the zone `to`. */
  charge(to: string, status: number): void {
    this.#byZone.find(to)?.charge(status);
  }

  visitStats(visitor: StatVisitor): void {
    for (const [to, codes] of this.#byZone.entries()) {
      const scope = `${toNamePart(this.#from)}.${toNamePart(to)}`;
      codes.visitStats((name, value) => visitor(`${scope}.${name}`, value));
    }
  }

  resetCounters(): void {
    for (const codes of this.#byZone.values()) {
      codes.resetCounters();
    }
  }
}
