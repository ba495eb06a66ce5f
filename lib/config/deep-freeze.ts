/** Freezes a tree of plain objects and arrays, which must have no cycles. */
export function deepFreeze<T extends object>(value: T): T {
  // All keys are own ones, and enumerable. What is frozen already is frozen throughout.
  for (const key in value) {
    const member: unknown = value[key];
    if (typeof member === 'object' && member !== null && !Object.isFrozen(member)) {
      deepFreeze(member);
    }
  }
  return Object.freeze(value);
}
