import type { JsonObject, JsonValue } from './config-documents.js';
import { SeededRandom } from './seeded-random.js';

/** A document that differs from another in one place. */
export interface MutatedDocument {
  readonly document: JsonValue;
  /** What was done, for messages. */
  readonly description: string;
}

const otherValues: [JsonValue, ...JsonValue[]] = [
  null,
  true,
  false,
  -1,
  0,
  1,
  0.5,
  101,
  2 ** 31,
  2 ** 53,
  '',
  'text',
  '15000',
  [],
  {},
  ['text'],
  [{}],
];

const unknownKeys: [string, ...string[]] = ['unknown', 'cluster', 'name', 'type', 'filters'];

/** Yields copies of a document, each with one value, key or entry that is not as it was. */
export function* documentMutations(
  document: JsonValue,
  seed: number,
  count: number,
): Generator<MutatedDocument> {
  const random = new SeededRandom(seed);
  for (let index = 0; index < count; index++) {
    const copy = structuredClone(document);
    const containers = [...containersOf(copy, '')];
    const [path, container] = containers[random.integer(containers.length)] ?? ['', {}];
    yield { document: copy, description: `${path}: ${mutate(container, random)}` };
  }
}

function* containersOf(value: JsonValue, path: string): Generator<[string, object]> {
  if (typeof value === 'object' && value !== null) {
    yield [path, value];
    for (const [key, member] of Object.entries(value)) {
      yield* containersOf(member, `${path}/${key}`);
    }
  }
}

function mutate(container: object, random: SeededRandom): string {
  // Arrays and objects are changed alike, by key.
  const members = container as JsonObject;
  const keys = Object.keys(members);
  const key = keys[random.integer(keys.length)] ?? '0';
  const choice = keys.length === 0 ? 3 : random.integer(4);
  if (choice === 0 && !Array.isArray(container)) {
    delete members[key];
    return `without ${key}`;
  }
  if (choice === 3 && !Array.isArray(container)) {
    const added = random.pick(unknownKeys);
    const value = random.pick(otherValues);
    members[added] = structuredClone(value);
    return `with ${added} ${JSON.stringify(value)}`;
  }
  const value = random.pick(otherValues);
  members[key] = structuredClone(value);
  return `${key} is ${JSON.stringify(value)}`;
}
