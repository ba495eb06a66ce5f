/** What `timeout_ms` of a route is when nobody says: reference 2.6.4. */
export const defaultTimeoutMs = 15_000;
