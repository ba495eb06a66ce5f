const millisecondDigits: readonly string[] = Array.from(
  { length: 1000 },
  (_, ms) => `${String(ms).padStart(3, '0')}Z`,
);

/** The largest time that a `Date` can hold; beyond it `toISOString` throws. */
const maxWallMs = 8.64e15;

let cachedSecond = Number.NaN;
let cachedText = '';

/**
 * Returns a wall clock time in milliseconds as in `2016-04-15T20:17:00.310Z`.
 *
 * The text up to the second is kept from call to call: a busy process logs many requests of the
 * same second, and taking a date apart costs more than the rest of a line.
 */
export function formatStartTime(wallMs: number): string {
  const ms = Math.trunc(wallMs);
  const second = Math.floor(ms / 1000);
  if (second !== cachedSecond) {
    if (!(Math.abs(ms) <= maxWallMs)) {
      return '-';
    }
    cachedSecond = second;
    cachedText = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
  }
  return cachedText + millisecondDigits[ms - second * 1000];
}
