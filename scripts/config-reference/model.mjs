// What the tables of lib/config/schema hold, in the order in which a reader of the schema meets it,
// and the sentences about it that all generated files share.

const articlePattern = /^(?:an?|the) /;

/** Returns every kind of object and every union that a document can hold. */
export function collectSchemas(documentSchema) {
  const objects = new Set();
  const unions = new Set();
  const visit = (value) => {
    if (value.type === 'object' && !objects.has(value.object)) {
      objects.add(value.object);
      for (const key of Object.values(value.object.keys)) {
        visit(key.value);
      }
    } else if (value.type === 'union' && !unions.has(value.union)) {
      unions.add(value.union);
      for (const variant of Object.values(value.union.variants)) {
        visit({ type: 'object', object: variant.object });
      }
    } else if (value.type === 'array') {
      visit(value.items);
    }
  };
  visit({ type: 'object', object: documentSchema });
  assertUnique([...[...objects].map((object) => object.typeName), ...[...unions].map(unionName)]);
  return { objects: [...objects], unions: [...unions] };
}

function assertUnique(names) {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new Error(`two kinds of objects have the type name ${repeated}`);
  }
}

/** Returns what a value holds after its arrays are taken off: an object, a union or neither. */
export function innermost(value) {
  return value.type === 'array' ? innermost(value.items) : value;
}

/** Returns a noun without its article. */
export function bareNoun(noun) {
  return noun.replace(articlePattern, '');
}

/** Returns the type name of a union: `an HTTP filter` is `HttpFilter`. */
export function unionName({ noun }) {
  return bareNoun(noun)
    .split(' ')
    .map((word) => capitalize(word.toLowerCase()))
    .join('');
}

export function capitalize(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns the variant that an object is in a union, if there is one. */
export function variantOf(object, unions) {
  return unions
    .flatMap(({ variants }) => Object.values(variants))
    .find((variant) => variant.object === object);
}

/** Returns what a value may be beyond its type, as sentences. */
export function describeRules(value) {
  switch (value.type) {
    case 'string':
      return value.minLength === 1 ? ['Not empty.'] : [];
    case 'integer':
      return describeIntegers(value);
    case 'number':
      return [`Greater than ${value.moreThan}.`];
    case 'array':
      return [
        ...(value.minItems === undefined ? [] : [describeLeast(value.minItems)]),
        ...(value.uniqueItems === true ? ['No entry stands twice.'] : []),
      ];
    default:
      return [];
  }
}

function describeIntegers({ min, max }) {
  if (max !== undefined) {
    return [`From ${min} to ${max}.`];
  }
  if (min === Number.MIN_SAFE_INTEGER) {
    return [];
  }
  return [min === 1 ? 'Greater than 0.' : `At least ${min}.`];
}

function describeLeast(count) {
  return count === 1 ? 'At least one entry.' : `At least ${count} entries.`;
}

/** Returns the sentences about something that is refused. */
export function describeUnsupported({ reason }) {
  return `Not supported yet: ${reason}.`;
}

/** Returns what follows when something is left out. */
export function describeLeftOut({ leavesOut, without }) {
  return leavesOut === undefined
    ? `Left out: ${without}.`
    : `Left out: ${leavesOut} goes too, ${without}.`;
}

/** Returns the values of an unsupported key that are accepted, since they ask for nothing. */
export function harmlessValues({ isHarmless }) {
  return isHarmless === undefined ? [] : [false, 0, {}].filter((value) => isHarmless(value));
}
