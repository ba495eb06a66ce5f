/** The members of a JSON object. */
export type JsonMembers = Readonly<Record<string, unknown>>;

/** Any object with keys of its own counts, whichever realm made it; a class instance does not. */
export function isJsonObject(value: unknown): value is JsonMembers {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
