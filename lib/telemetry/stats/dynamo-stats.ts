import { CodeStats } from './code-stats.js';
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

/** How much is counted by name. Names come from clients, who may invent them. */
const maxOperations = 100;
const maxTables = 500;
const maxErrors = 1000;
const maxPartitions = 1000;
/** In characters, for what is made of a table and two more names. DynamoDB has none that is longer. */
const maxJoinedNameLength = 768;

/** The responses of one operation or table. */
class EntityStats implements StatSource {
  #total = 0;
  readonly #codes = new CodeStats();

  charge(status: number): void {
    this.#total++;
    this.#codes.charge(status);
  }

  visitStats(visitor: StatVisitor): void {
    visitor('upstream_rq_total', this.#total);
    this.#codes.visitStats((name, value) =>
      visitor(name.replace('upstream_rq_', 'upstream_rq_total_'), value),
    );
  }

  resetCounters(): void {
    this.#total = 0;
    this.#codes.resetCounters();
  }
}

/**
 * The statistics `http.<stat_prefix>.dynamodb.`: reference 6.1.10.
 *
 * Counted by name are the first 100 operations, 500 tables, 1,000 kinds of error of a table and
 * 1,000 partitions, so that no client can make this grow without bound.
 */
export class DynamoStats implements StatSource {
  /** Bodies that are not JSON, or not as DynamoDB has it. */
  invalidReqBody = 0;
  invalidRespBody = 0;
  /** Errors whose body does not say which. */
  emptyResponseBody = 0;
  operationMissing = 0;
  tableMissing = 0;
  multipleTables = 0;
  readonly #operations = new NamedCounts(maxOperations, () => new EntityStats());
  readonly #tables = new NamedCounts(maxTables, () => new EntityStats());
  readonly #errors = new Map<string, number>();
  readonly #capacities = new Map<string, number>();

  chargeOperation(operation: string, status: number): void {
    this.#operations.find(operation)?.charge(status);
  }

  chargeTable(table: string, status: number): void {
    this.#tables.find(table)?.charge(status);
  }

  /** Counts a failure. `table` is empty if it is of no table, or of several. */
  chargeError(table: string, type: string): void {
    add(this.#errors, `${table === '' ? 'no_table' : table}.${type}`, 1, maxErrors);
  }

  /** Counts units of capacity that a partition has spent. */
  chargeCapacity(table: string, operation: string, partition: string, units: number): void {
    const name = `${table}.capacity.${operation}.__partition_id=${partition}`;
    add(this.#capacities, name, units, maxPartitions);
  }

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
    visitEntities('operation', this.#operations, visitor);
    visitEntities('table', this.#tables, visitor);
    for (const [name, count] of this.#errors) {
      visitor(`error.${toNamePart(name)}`, count);
    }
    for (const [name, units] of this.#capacities) {
      visitor(`table.${toNamePart(name)}`, units);
    }
  }

  resetCounters(): void {
    resetCounterFields<NumberField<DynamoStats>>(this, fields);
    for (const entities of [this.#operations, this.#tables]) {
      for (const entity of entities.values()) {
        entity.resetCounters();
      }
    }
    for (const counts of [this.#errors, this.#capacities]) {
      for (const name of counts.keys()) {
        counts.set(name, 0);
      }
    }
  }
}

const fields: readonly StatField<NumberField<DynamoStats>>[] = [
  ['emptyResponseBody', 'empty_response_body', 'counter'],
  ['invalidReqBody', 'invalid_req_body', 'counter'],
  ['invalidRespBody', 'invalid_resp_body', 'counter'],
  ['multipleTables', 'multiple_tables', 'counter'],
  ['operationMissing', 'operation_missing', 'counter'],
  ['tableMissing', 'table_missing', 'counter'],
];

function add(counts: Map<string, number>, name: string, more: number, maxNames: number): void {
  const count = counts.get(name);
  if (count !== undefined || (counts.size < maxNames && name.length <= maxJoinedNameLength)) {
    counts.set(name, (count ?? 0) + more);
  }
}

function visitEntities(
  kind: string,
  entities: NamedCounts<EntityStats>,
  visitor: StatVisitor,
): void {
  for (const [entity, stats] of entities.entries()) {
    const scope = `${kind}.${toNamePart(entity)}`;
    stats.visitStats((name, value) => visitor(`${scope}.${name}`, value));
  }
}
