import { ClusterNames } from './cluster-names.js';
import type { ProblemCollector } from './problem-collector.js';
import { UniqueValues } from './unique-values.js';

/** What the parsers of one document share: the rules that span its objects. */
export class DocumentScope {
  readonly collector: ProblemCollector;
  readonly clusters: ClusterNames;
  readonly listenerNames: UniqueValues;
  /** As URLs, with the addresses in their shortest form. */
  readonly listenerAddresses: UniqueValues;

  constructor(collector: ProblemCollector) {
    this.collector = collector;
    this.clusters = new ClusterNames(collector);
    this.listenerNames = new UniqueValues(collector, 'every listener needs a name of its own');
    this.listenerAddresses = new UniqueValues(
      collector,
      'every listener needs an address of its own',
    );
  }
}
