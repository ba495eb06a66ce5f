import { quoteText } from './describe-value.js';
import type { JsonPath } from './json-path.js';
import { findNearestName } from './nearest-name.js';
import type { ProblemCollector } from './problem-collector.js';
import { UniqueValues } from './unique-values.js';

interface ClusterReference {
  readonly name: string;
  readonly path: JsonPath;
  readonly mustExist: boolean;
}

/** Comparing each of many wrong names with each of many right ones would take too long. */
const maxSuggestions = 20;

/**
 * The clusters of a document and the places that name one.
 *
 * The cluster of `cluster_manager.sds` is one of them: Envoy loads it beside those of `clusters`,
 * into the same name space, so a route may send requests to it and no other may have its name.
 */
export class ClusterNames {
  readonly #collector: ProblemCollector;
  readonly #names: UniqueValues;
  readonly #leftOut = new Set<string>();
  readonly #references: ClusterReference[] = [];
  #isIncomplete = false;

  constructor(collector: ProblemCollector) {
    this.#collector = collector;
    this.#names = new UniqueValues(collector, 'every cluster needs a name of its own');
  }

  add(name: string, path: JsonPath): void {
    this.#names.add(name, path);
  }

  /** A cluster could not be read, so a name that nobody has may be its own. */
  markIncomplete(): void {
    this.#isIncomplete = true;
  }

  /** A cluster of the document is not in the configuration, as it is not supported. */
  leaveOut(name: string): void {
    this.#leftOut.add(name);
  }

  /** Notes that the value at `path` names a cluster. */
  refer(name: string, path: JsonPath, mustExist: boolean): void {
    this.#references.push({ name, path, mustExist });
  }

  /** Checks all references. To be called when all clusters have been added. */
  check(): void {
    let suggestions = 0;
    for (const { name, path, mustExist } of this.#references) {
      if (this.#leftOut.has(name)) {
        this.#collector.warning(
          path,
          `the cluster ${quoteText(name)} is left out, so requests that take this route get status 404`,
        );
      } else if (mustExist && !this.#isIncomplete && !this.#names.has(name)) {
        const nearest =
          ++suggestions <= maxSuggestions ? findNearestName(name, this.#names.values()) : undefined;
        const hint =
          nearest === undefined
            ? 'add one to cluster_manager.clusters'
            : `did you mean ${quoteText(nearest)}?`;
        this.#collector.problem(path, `no cluster has the name ${quoteText(name)}; ${hint}`);
      }
    }
  }
}
