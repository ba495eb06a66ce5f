import { getHeader, type HeaderList } from '../../http/headers.js';

/** The body of a request or a response of DynamoDB. */
export type DynamoBody = Readonly<Record<string, unknown>>;

/** Which table a request is about. */
export interface DynamoTable {
  /** Empty if there is none, or several. */
  readonly name: string;
  readonly isSingle: boolean;
}

/** What one partition has spent. */
export interface PartitionCapacity {
  /** The end of its id; the whole is too long for a statistic. */
  readonly partition: string;
  readonly units: number;
}

/** What is known of a request that is not looked at. */
export const unknownTable: DynamoTable = { name: '', isSingle: true };

const severalTables: DynamoTable = { name: '', isSingle: false };
const partitionSuffixLength = 7;

const singleTableOperations: ReadonlySet<string> = new Set([
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
  'UpdateTable',
]);
const batchOperations: ReadonlySet<string> = new Set(['BatchGetItem', 'BatchWriteItem']);

/** The errors that are counted by name; a response has them behind a name space. */
const errorTypes: readonly string[] = [
  'AccessDeniedException',
  'ConditionalCheckFailedException',
  'IncompleteSignatureException',
  'ItemCollectionSizeLimitExceededException',
  'LimitExceededException',
  'MissingAuthenticationTokenException',
  'ProvisionedThroughputExceededException',
  'ResourceInUseException',
  'ResourceNotFoundException',
  'ThrottlingException',
  'UnrecognizedClientException',
  'ValidationException',
];

/** Returns the operation that a request names; empty if it names none. */
export function parseOperation(headers: HeaderList): string {
  // A version, a dot and the operation.
  const parts = getHeader(headers, 'x-amz-target')?.split('.') ?? [];
  return parts.length === 2 ? (parts[1] ?? '') : '';
}

/** Whether an operation is on several items, so that it can succeed in part. */
export function isBatchOperation(operation: string): boolean {
  return batchOperations.has(operation);
}

/** Returns a body, or `undefined` if it is not a JSON object. */
export function parseBody(bytes: Buffer): DynamoBody | undefined {
  try {
    return toObject(JSON.parse(bytes.toString()));
  } catch {
    return undefined;
  }
}

/** Returns the table of a request, or `undefined` if its body is not as DynamoDB has it. */
export function parseTable(operation: string, body: DynamoBody): DynamoTable | undefined {
  if (singleTableOperations.has(operation)) {
    const name = body['TableName'] ?? '';
    return typeof name === 'string' ? { name, isSingle: true } : undefined;
  }
  if (!isBatchOperation(operation)) {
    return unknownTable;
  }
  const items = toObject(body['RequestItems'] ?? {});
  if (items === undefined) {
    return undefined;
  }
  const [name, second] = Object.keys(items);
  return second === undefined ? { name: name ?? '', isSingle: true } : severalTables;
}

/** Returns the kind of an error, empty if it is not known, or `undefined` as `parseTable`. */
export function parseErrorType(body: DynamoBody): string | undefined {
  const type = body['__type'] ?? '';
  return typeof type === 'string'
    ? (errorTypes.find((known) => type.endsWith(known)) ?? '')
    : undefined;
}

/** Returns the tables for which a part of a batch is still to be done, or `undefined`. */
export function parseUnprocessedTables(body: DynamoBody): readonly string[] | undefined {
  const tables = toObject(body['UnprocessedKeys'] ?? {});
  return tables === undefined ? undefined : Object.keys(tables);
}

/** Returns what each partition has spent; none if the response does not say so. */
export function parsePartitions(body: DynamoBody): readonly PartitionCapacity[] {
  // Batches have an array here, which names no partitions.
  const partitions = toObject(toObject(body['ConsumedCapacity'])?.['Partitions']) ?? {};
  return Object.entries(partitions).flatMap(([id, capacity]) => {
    // Parts of units are spent, and counters count whole ones.
    const units = typeof capacity === 'number' ? Math.ceil(capacity) : 0;
    const partition = id.slice(-partitionSuffixLength);
    return units > 0 && Number.isSafeInteger(units) ? [{ partition, units }] : [];
  });
}

function toObject(value: unknown): DynamoBody | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? // An object of JSON, whose members can be anything.
      (value as DynamoBody)
    : undefined;
}
