/** A response as it stood on the wire. */
export interface RawResponse {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case, as sent otherwise; a name that occurs several times has a line for each. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Splits what a client has read into head and body. The body is all that follows the head. */
export function parseRawResponse(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(statusLine);
  if (end === -1 || match === null) {
    throw new Error(`not a response: ${JSON.stringify(text)}`);
  }
  return {
    status: Number(match[1]),
    reason: match[2] ?? '',
    headers: lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
    body: text.slice(end + 4),
  };
}

/** Returns every value of a header. */
export function valuesOf(response: RawResponse, name: string): string[] {
  return response.headers.filter(([key]) => key === name).map(([, value]) => value);
}
