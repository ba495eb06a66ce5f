import { isDeepStrictEqual } from 'node:util';

/** Where an element of a list stands in its document, as messages name it. */
const placePattern = /^((?:cluster_manager\.)?(?:listeners|clusters))\[\d+\]/;

/**
 * Whether two parsed configurations say the same. Where in its document each stands makes no
 * difference: a listener is not another one because one before it has gone.
 */
export function isSameConfig(a: unknown, b: unknown): boolean {
  if (a === b) {
    return true;
  }
  if (typeof a === 'string' && typeof b === 'string') {
    return placePattern.test(a) && withoutPlace(a) === withoutPlace(b);
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b);
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameConfig(item, b[index]));
  }
  return isPlain(a) && isPlain(b) ? haveSameMembers(a, b) : isDeepStrictEqual(a, b);
}

type Members = Readonly<Record<string, unknown>>;

function haveSameMembers(a: Members, b: Members): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameConfig(a[key], b[key]))
  );
}

function isPlain(value: object): value is Members {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function withoutPlace(text: string): string {
  return text.replace(placePattern, '$1');
}
