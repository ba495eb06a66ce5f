const idempotentMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/** Whether doing it twice has the effect of doing it once: RFC 9110, 9.2.2. */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method);
}
