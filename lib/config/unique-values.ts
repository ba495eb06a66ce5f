import { quoteText } from './describe-value.js';
import { formatJsonPath } from './json-path.js';
import { type JsonPlace, pathOf } from './json-place.js';
import type { ProblemCollector } from './problem-collector.js';

/** Reports values that must differ from each other and do not. */
export class UniqueValues {
  readonly #collector: ProblemCollector;
  readonly #rule: string;
  readonly #first = new Map<string, JsonPlace>();

  /** `rule` is a clause: what must be unique, as "every cluster needs a name of its own". */
  constructor(collector: ProblemCollector, rule: string) {
    this.#collector = collector;
    this.#rule = rule;
  }

  /** Notes a value. `shown` is what messages show, if that differs from what is compared. */
  add(value: string, place: JsonPlace, shown: string = value): void {
    const first = this.#first.get(value);
    if (first === undefined) {
      this.#first.set(value, place);
      return;
    }
    this.#collector.problem(
      place,
      `${quoteText(shown)} already stands at ${formatJsonPath(pathOf(first))}; ${this.#rule}`,
    );
  }

  has(value: string): boolean {
    return this.#first.has(value);
  }

  values(): Iterable<string> {
    return this.#first.keys();
  }
}
