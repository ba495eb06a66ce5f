import { quoteText } from './describe-value.js';
import { formatJsonPath, type JsonPath } from './json-path.js';
import type { ProblemCollector } from './problem-collector.js';

/** Reports values that must differ from each other and do not. */
export class UniqueValues {
  readonly #collector: ProblemCollector;
  readonly #rule: string;
  readonly #first = new Map<string, JsonPath>();

  /** `rule` is a clause: what must be unique, as "every cluster needs a name of its own". */
  constructor(collector: ProblemCollector, rule: string) {
    this.#collector = collector;
    this.#rule = rule;
  }

  /** Notes a value. `shown` is what messages show, if that differs from what is compared. */
  add(value: string, path: JsonPath, shown: string = value): void {
    const first = this.#first.get(value);
    if (first === undefined) {
      this.#first.set(value, path);
      return;
    }
    this.#collector.problem(
      path,
      `${quoteText(shown)} already stands at ${formatJsonPath(first)}; ${this.#rule}`,
    );
  }

  has(value: string): boolean {
    return this.#first.has(value);
  }

  values(): Iterable<string> {
    return this.#first.keys();
  }
}
