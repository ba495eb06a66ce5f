import { quoteText } from './describe-value.js';
import type { JsonPlace } from './json-place.js';
import { findNearestName } from './nearest-name.js';
import type { ProblemCollector } from './problem-collector.js';
import { UniqueValues } from './unique-values.js';

/** Where a document names a cluster, and what follows if there is none. */
export interface ClusterReference {
  readonly name: string;
  readonly place: JsonPlace;
  /** Whether it is a problem if no cluster has the name. */
  readonly mustExist: boolean;
  /** Whether a cluster that is yet to be discovered would not do. */
  readonly isStatic?: boolean;
  /** Whether its hosts must not be discovered, as they are needed to discover anything. */
  readonly isForDiscovery?: boolean;
  /** What happens without the cluster, as "requests that take this route get status 404". */
  readonly consequence: string;
}

/** Comparing each of many wrong names with each of many right ones would take too long. */
const maxSuggestions = 20;

/**
 * The clusters of a document and the places that name one.
 *
 * The clusters of `cluster_manager.sds` and `cds` are two of them: Envoy loads them beside those of
 * `clusters`, into the same name space, so a route may send requests to them and no other may have
 * their names.
 */
export class ClusterNames {
  readonly #collector: ProblemCollector;
  readonly #names: UniqueValues;
  /** Clusters that stand elsewhere than in this document. */
  readonly #known = new Set<string>();
  readonly #discovered = new Set<string>();
  readonly #leftOut = new Set<string>();
  readonly #references: ClusterReference[] = [];
  #isIncomplete = false;
  #areDiscovered = false;

  constructor(collector: ProblemCollector) {
    this.#collector = collector;
    this.#names = new UniqueValues(collector, 'every cluster needs a name of its own');
  }

  /** `isDiscovered`: whether its hosts are those of a discovery service. */
  add(name: string, place: JsonPlace, isDiscovered = false): void {
    if (isDiscovered) {
      this.#discovered.add(name);
    }
    this.#names.add(name, place);
  }

  /** A cluster exists already, outside of this document; the document may bring another one. */
  addKnown(name: string): void {
    this.#known.add(name);
  }

  /** A cluster could not be read, so any name may be right. */
  markIncomplete(): void {
    this.#isIncomplete = true;
  }

  /** More clusters will be discovered, so any name may be right where they would do. */
  markDiscovered(): void {
    this.#areDiscovered = true;
  }

  /** A cluster of the document is not in the configuration, as it is not supported. */
  leaveOut(name: string): void {
    this.#leftOut.add(name);
  }

  /** Notes that the value at a place names a cluster. */
  refer(reference: ClusterReference): void {
    this.#references.push(reference);
  }

  /** Checks all references. To be called when all clusters have been added. */
  check(): void {
    let suggestions = 0;
    for (const reference of this.#references) {
      const { name, place, mustExist, isStatic, isForDiscovery, consequence } = reference;
      const mayComeLater = this.#areDiscovered && isStatic !== true;
      if (this.#leftOut.has(name)) {
        this.#collector.warning(
          place,
          `the cluster ${quoteText(name)} is left out, so ${consequence}`,
        );
      } else if (isForDiscovery === true && this.#discovered.has(name)) {
        this.#collector.problem(
          place,
          `the cluster ${quoteText(name)} is of type "sds"; name one of type "static" or "logical_dns"`,
        );
      } else if (mustExist && !mayComeLater && !this.#isIncomplete && !this.#has(name)) {
        const nearest =
          ++suggestions <= maxSuggestions
            ? findNearestName(name, [...this.#names.values(), ...this.#known])
            : undefined;
        const hint =
          nearest === undefined
            ? 'add one to cluster_manager.clusters'
            : `did you mean ${quoteText(nearest)}?`;
        this.#collector.problem(place, `no cluster has the name ${quoteText(name)}; ${hint}`);
      }
    }
  }

  #has(name: string): boolean {
    return this.#names.has(name) || this.#known.has(name);
  }
}
