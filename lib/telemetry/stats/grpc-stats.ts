import { toNamePart } from './name-part.js';
import { NamedCounts } from './named-counts.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** How many methods are counted by name: service and method together. */
const maxMethods = 500;

/** The calls of one method. */
class MethodCounts {
  success = 0;
  failure = 0;
  total = 0;
}

const fields: readonly StatField<NumberField<MethodCounts>>[] = [
  ['failure', 'failure', 'counter'],
  ['success', 'success', 'counter'],
  ['total', 'total', 'counter'],
];

/**
 * The statistics `cluster.<name>.grpc.` or `cluster.<name>.grpc-web.`: calls by service and method.
 *
 * The first 500 methods are counted. Those that come later are not, so that no client can make this
 * grow without bound by calling what does not exist.
 */
export class GrpcStats implements StatSource {
  readonly #byMethod = new NamedCounts(maxMethods, () => new MethodCounts());

  /** Counts a call by its result. `path` is what stands in the request: `service/method`. */
  charge(path: string, isSuccess: boolean): void {
    const counts = this.#byMethod.find(path);
    if (counts !== undefined) {
      counts.total++;
      counts[isSuccess ? 'success' : 'failure']++;
    }
  }

  visitStats(visitor: StatVisitor): void {
    for (const [path, counts] of this.#byMethod.entries()) {
      const scope = toNamePart(path.replace('/', '.'));
      visitFields(counts, fields, (name, value) => visitor(`${scope}.${name}`, value));
    }
  }

  resetCounters(): void {
    for (const counts of this.#byMethod.values()) {
      resetCounterFields<NumberField<MethodCounts>>(counts, fields);
    }
  }
}
