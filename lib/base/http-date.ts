let cachedSecond = -1;
let cachedDate = '';

/** Returns a time as a `date` header: RFC 9110, 5.6.7. Written once a second. */
export function httpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedDate = new Date(second * 1000).toUTCString();
  }
  return cachedDate;
}
