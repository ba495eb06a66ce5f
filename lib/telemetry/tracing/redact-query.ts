/** Parameters of signed URLs, whose values let whoever reads them do what they sign. */
const secretParameter = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&]+/g;

/** Returns a path with its query as a span may show it. */
export function redactQuery(path: string): string {
  // Hardly any path has one.
  return path.includes('=') ? path.replace(secretParameter, '$1REDACTED') : path;
}
