/** A command line that makes no sense: told in one sentence, and exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
