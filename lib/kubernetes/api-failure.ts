/** Nobody reads more of a reason. */
const maxMessageLength = 1000;

/** Line ends, what moves the cursor of a terminal or turns the direction of writing, and blanks. */
const separators = /[\s\p{Cc}\p{Cf}]+/gu;

/** Why the API server gave no answer that can be used. */
export class ApiFailure extends Error {
  override readonly name: string = 'ApiFailure';
  /** The HTTP status, also that of an event; 0 if there was none. */
  readonly status: number;
  /** How long the server wants to be left alone; 0 if it does not say. */
  readonly retryAfterMs: number;

  /** `message` may be somebody else's words: it becomes one line of bounded length. */
  constructor(message: string, status = 0, retryAfterMs = 0, options?: ErrorOptions) {
    super(toLine(message), options);
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

/** It may go to a log, where a stranger must not write lines of their own. */
function toLine(text: string): string {
  const line = text.slice(0, maxMessageLength).replace(separators, ' ').trim();
  return text.length > maxMessageLength ? `${line}…` : line;
}
