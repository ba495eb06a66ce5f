/** Why the API server gave no answer that can be used. */
export class ApiFailure extends Error {
  override readonly name: string = 'ApiFailure';
  /** The HTTP status, also that of an event; 0 if there was none. */
  readonly status: number;
  /** How long the server wants to be left alone; 0 if it does not say. */
  readonly retryAfterMs: number;

  constructor(message: string, status = 0, retryAfterMs = 0, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether what was asked for is too old to be told: everything is to be listed anew. */
  get isGone(): boolean {
    return this.status === 410;
  }

  /** Whether only somebody who changes the rights, or the credentials, can help. */
  get isRefusal(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** Makes a failure of whatever was thrown. */
export function toApiFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) {
    return error;
  }
  return new ApiFailure(describeCause(error), 0, 0, { cause: error });
}

/** Errors of several addresses that were tried have an empty message of their own. */
function describeCause(error: unknown): string {
  if (error instanceof AggregateError) {
    return error.errors.map(describeCause).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
