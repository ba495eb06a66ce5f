import { isFeatureEnabled } from '../base/runtime-feature.js';
import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import { DynamoStats } from '../telemetry/stats/dynamo-stats.js';
import { BodyCopy } from './dynamo/body-copy.js';
import {
  type DynamoBody,
  type DynamoTable,
  isBatchOperation,
  parseBody,
  parseErrorType,
  parseOperation,
  parsePartitions,
  parseTable,
  parseUnprocessedTables,
  unknownTable,
} from './dynamo/dynamo-messages.js';
import type { FilterContext } from './filter-context.js';

/** Makes the filters of one entry `http_dynamo_filter` of a chain: reference 6.1.10. */
export function createDynamoFilterFactory(context: FilterContext): FilterFactory {
  const stats = context.statsLease.share(`${context.scope}.dynamodb`, DynamoStats);
  return (callbacks) => {
    const isEnabled = isFeatureEnabled(context.runtime, context.random, 'dynamodb.filter_enabled');
    return isEnabled ? new DynamoFilter(stats, callbacks) : idleFilter;
  };
}

/** Of a request that is not looked at. */
const idleFilter: HttpFilter = {};

/**
 * Counts what a request to DynamoDB is about and what has come of it. Envoy holds the bodies back to
 * read them; here they pass at once, and unchanged, while a copy is kept up to the buffer limit.
 */
class DynamoFilter implements HttpFilter {
  readonly readsBody = true;
  readonly #stats: DynamoStats;
  readonly #callbacks: FilterCallbacks;
  readonly #request = new BodyCopy();
  readonly #response = new BodyCopy();
  #operation = '';
  #table: DynamoTable = unknownTable;
  #status = 0;

  constructor(stats: DynamoStats, callbacks: FilterCallbacks) {
    this.#stats = stats;
    this.#callbacks = callbacks;
  }

  decodeHead(head: RequestHead): FilterStatus {
    this.#operation = parseOperation(head.headers);
    return 'continue';
  }

  decodeData(chunk: Buffer, endStream: boolean): undefined {
    this.#request.add(chunk, this.#callbacks.requestBufferLimit);
    if (endStream) {
      this.decodeEnd();
    }
  }

  decodeEnd(): undefined {
    const bytes = this.#request.take();
    if (bytes === undefined) {
      return;
    }
    const body = parseBody(bytes);
    const table = body === undefined ? undefined : parseTable(this.#operation, body);
    if (table === undefined) {
      this.#stats.invalidReqBody++;
    } else {
      this.#table = table;
    }
  }

  encodeHead(head: ResponseHead, endStream: boolean): undefined {
    this.#status = head.status;
    if (endStream) {
      this.#onResponseComplete();
    }
  }

  encodeData(chunk: Buffer, endStream: boolean): undefined {
    this.#response.add(chunk, this.#callbacks.responseBufferLimit);
    if (endStream) {
      this.#onResponseComplete();
    }
  }

  encodeEnd(): undefined {
    this.#onResponseComplete();
  }

  #onResponseComplete(): void {
    this.#chargeRequest();
    const bytes = this.#response.take();
    if (bytes === undefined) {
      return;
    }
    const body = parseBody(bytes);
    if (body === undefined || !this.#chargeResponse(body)) {
      this.#stats.invalidRespBody++;
    }
  }

  #chargeRequest(): void {
    const stats = this.#stats;
    if (this.#operation === '') {
      stats.operationMissing++;
    } else {
      stats.chargeOperation(this.#operation, this.#status);
    }
    const { name, isSingle } = this.#table;
    if (name !== '') {
      stats.chargeTable(name, this.#status);
    } else if (isSingle) {
      stats.tableMissing++;
    } else {
      stats.multipleTables++;
    }
  }

  /** Returns whether the body is as DynamoDB has it. */
  #chargeResponse(body: DynamoBody): boolean {
    const table = this.#table.name;
    if (table !== '' && this.#operation !== '') {
      for (const { partition, units } of parsePartitions(body)) {
        this.#stats.chargeCapacity(table, this.#operation, partition, units);
      }
    }
    if (this.#status >= 400 && this.#status < 500 && !this.#chargeError(body)) {
      return false;
    }
    if (!isBatchOperation(this.#operation)) {
      return true;
    }
    // A batch that was done in part has status 200; what is left says so.
    const unprocessed = parseUnprocessedTables(body);
    for (const unprocessedTable of unprocessed ?? []) {
      this.#stats.chargeError(unprocessedTable, 'BatchFailureUnprocessedKeys');
    }
    return unprocessed !== undefined;
  }

  #chargeError(body: DynamoBody): boolean {
    const type = parseErrorType(body);
    if (type === '') {
      this.#stats.emptyResponseBody++;
    } else if (type !== undefined) {
      this.#stats.chargeError(this.#table.name, type);
    }
    return type !== undefined;
  }
}
