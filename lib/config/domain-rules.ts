import { quoteText } from './describe-value.js';
import type { JsonPlace } from './json-place.js';
import type { ProblemCollector } from './problem-collector.js';
import { UniqueValues } from './unique-values.js';

/** The rules for the domains of one route table: reference 2.5. */
export class DomainRules {
  readonly #collector: ProblemCollector;
  readonly #domains: UniqueValues;
  readonly #suffixes = new Set<string>();

  constructor(collector: ProblemCollector) {
    this.#collector = collector;
    this.#domains = new UniqueValues(
      collector,
      'a domain belongs to one virtual host, whatever its case',
    );
  }

  add(domain: string, place: JsonPlace): void {
    const compared = domain.toLowerCase();
    const star = domain.lastIndexOf('*');
    if (star > 0) {
      this.#collector.warning(
        place,
        `${quoteText(domain)} never matches: a * stands alone or as the first character`,
      );
    }
    this.#warnOfNoHost(domain, place);
    if (star === 0 && domain.length > 1) {
      this.#addSuffix(compared, place, domain);
    } else {
      this.#domains.add(compared, place, domain);
    }
  }

  /** A `Host` has no scheme, path or blank, so such a domain is never asked for. */
  #warnOfNoHost(domain: string, place: JsonPlace): void {
    const host = domain.replace(/^[a-z]+:\/\//i, '').replace(/[/?#].*$/, '');
    if (host !== domain || /\s/.test(domain) || domain === '') {
      const hint = host === '' || /\s/.test(host) ? '' : `; write ${quoteText(host)}`;
      this.#collector.warning(place, `${quoteText(domain)} never matches, as it is no host${hint}`);
    }
  }

  /** Envoy loads a table in which a suffix stands twice, and so do we. */
  #addSuffix(suffix: string, place: JsonPlace, domain: string): void {
    if (this.#suffixes.has(suffix)) {
      this.#collector.warning(
        place,
        `${quoteText(domain)} already stands before, and the first virtual host that has it is used`,
      );
    }
    this.#suffixes.add(suffix);
  }
}
