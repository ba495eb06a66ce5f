import type { DocumentScope } from './document-scope.js';
import type { DomainRules } from './domain-rules.js';

/** What the virtual hosts and routes of one table share. */
export interface TableScope {
  readonly document: DocumentScope;
  readonly domains: DomainRules;
  readonly validateClusters: boolean;
}
