import { documentSchema } from './document-schema.js';
import type { ObjectSchema, ValueSchema } from './schema.js';

/** Keys of more objects than this, such as `name`, tell nothing about where they belong. */
const maxOwners = 6;

let schemas: readonly ObjectSchema[] | undefined;

/** Every kind of object of a document, in the order in which a reader of the schema meets them. */
export function allObjectSchemas(): readonly ObjectSchema[] {
  if (schemas === undefined) {
    const found = new Set<ObjectSchema>();
    visitObject(documentSchema, found);
    schemas = [...found];
  }
  return schemas;
}

/**
 * Where else a key may stand, as `a route` or `a route or a cluster`; `undefined` if unclear. Of
 * many objects, those directly within `schema` are meant.
 */
export function findOwners(key: string, schema: ObjectSchema): string | undefined {
  const owners = allObjectSchemas().filter((other) => Object.hasOwn(other.keys, key));
  const within = new Set<ObjectSchema>();
  for (const { value } of Object.values(schema.keys)) {
    listObjects(value, within);
  }
  return owners.length > maxOwners
    ? undefined
    : (joinNouns(owners) ?? joinNouns(owners.filter((owner) => within.has(owner))));
}

function joinNouns(schemas: readonly ObjectSchema[]): string | undefined {
  const nouns = new Set(schemas.map(({ noun }) => noun));
  return nouns.size === 0 || nouns.size > 2 ? undefined : [...nouns].join(' or ');
}

function visitObject(schema: ObjectSchema, found: Set<ObjectSchema>): void {
  if (found.has(schema)) {
    return;
  }
  found.add(schema);
  const within = new Set<ObjectSchema>();
  for (const { value } of Object.values(schema.keys)) {
    listObjects(value, within);
  }
  for (const object of within) {
    visitObject(object, found);
  }
}

/** The kinds of object that a value may be or hold, without those within them. */
function listObjects(value: ValueSchema, objects: Set<ObjectSchema>): void {
  switch (value.type) {
    case 'object':
      objects.add(value.object);
      break;
    case 'union':
      for (const variant of Object.values(value.union.variants)) {
        objects.add(variant.object);
      }
      break;
    case 'array':
      listObjects(value.items, objects);
      break;
  }
}
