import { toNamePart } from './name-part.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** How many methods are counted by name. Names come from clients, who may invent them. */
const maxMethods = 500;
/** In characters, service and method together. */
const maxNameLength = 256;

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
  readonly #byMethod = new Map<string, MethodCounts>();

  /** Counts a call by its result. `path` is what stands in the request: `service/method`. */
  charge(path: string, isSuccess: boolean): void {
    const counts = this.#countsOf(path);
    if (counts !== undefined) {
      counts.total++;
      counts[isSuccess ? 'success' : 'failure']++;
    }
  }

  visitStats(visitor: StatVisitor): void {
    for (const [path, counts] of this.#byMethod) {
      const scope = toNamePart(path.replace('/', '.'));
      visitFields(counts, fields, (name, value) => visitor(`${scope}.${name}`, value));
    }
  }

  resetCounters(): void {
    for (const counts of this.#byMethod.values()) {
      resetCounterFields<NumberField<MethodCounts>>(counts, fields);
    }
  }

  #countsOf(path: string): MethodCounts | undefined {
    let counts = this.#byMethod.get(path);
    const hasRoom = this.#byMethod.size < maxMethods && path.length <= maxNameLength;
    if (counts === undefined && hasRoom) {
      counts = new MethodCounts();
      this.#byMethod.set(path, counts);
    }
    return counts;
  }
}
