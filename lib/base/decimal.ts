/**
 * Returns the number that a text of digits alone says, or `undefined` for every other text: also for
 * more than 15 digits, which a number may not hold exactly.
 */
export function readDecimal(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
